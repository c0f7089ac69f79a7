/**
 * Errors of the database as pgq's own classes.
 *
 * SQLSTATEs are classified only here: the driver's own flag says "no" for a server that shuts down
 * and "yes" for a row that is too large.
 */
import { Effect, Option, Predicate } from "effect"
import { SqlError } from "effect/sql"
import * as ErrorCauses from "../../domain/ErrorCauses.ts"
import { StoreError } from "../../domain/Errors.ts"
import { payloadBytesMax } from "../../domain/JobRecord.ts"

export const storeError = (operation: string) => (error: SqlError.SqlError): StoreError => {
  const code = fieldOf(error, "code")
  return new StoreError({
    operation,
    isTransient: isTransient(error, code),
    isOutcomeUnknown: isOutcomeUnknown(error, code),
    ...(code === undefined ? {} : { code }),
    detail: describe(error),
    cause: error
  })
}

/** A connection that is lost in a transaction arrives as a defect. */
export const lossAsFailure = <A, E, R>(
  transaction: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  Effect.catchDefect(
    transaction,
    (defect) => SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)
  )

/** The server has not refused a statement that never reached it, whatever the reason. */
const isTransient = (error: SqlError.SqlError, code: string | undefined): boolean =>
  error.reason.operation === "connect" ||
  (code === undefined ? error.isRetryable : isTransientCode(code) || isNotifyQueueFull(error, code))

/** The server or the connection ended before the server said what it did. */
const isOutcomeUnknown = (error: SqlError.SqlError, code: string | undefined): boolean =>
  error.reason.operation !== "connect" && isTransient(error, code) &&
  (code === undefined || /^(08|57P0[1-3]|E)/.test(code))

/**
 * Transient: connection lost or refused, server starting or stopping, resources short, locks busy,
 * read-only, disk or system in trouble. XX000 (internal error) is not transient: one bad row can
 * cause it every time, and retrying would block the others.
 */
const isTransientCode = (code: string): boolean =>
  /^(08|53|40|57P|55P03|57014|25006|580[03]0)/.test(code) || code.startsWith("E")

/**
 * PostgreSQL gives this error the code of a row that is too large for an index, and translates its
 * message.
 */
const isNotifyQueueFull = (error: SqlError.SqlError, code: string): boolean =>
  code === "54000" && fieldOf(error, "file")?.endsWith("async.c") === true

const describe = (error: SqlError.SqlError): string => {
  const hint = fieldOf(error, "hint")
  const message = messageOf(error)
  if (message.includes("jobs_payload_bytes")) {
    return `the payload has more than ${payloadBytesMax} bytes as PostgreSQL writes it`
  }
  return hint === undefined ? message : `${message} (${hint})`
}

const messageOf = (error: SqlError.SqlError): string => {
  const cause = Predicate.hasProperty(error.reason, "cause") ? error.reason.cause : undefined
  return ErrorCauses.line(cause instanceof Error ? cause : error)
}

/** A field of the server's error, at any depth of the driver's wrapping. */
const fieldOf = (error: unknown, field: "code" | "file" | "hint"): string | undefined => {
  let current = error
  for (let depth = 0; depth < 5; depth++) {
    if (!Predicate.isObject(current)) return undefined
    if (Predicate.hasProperty(current, field) && typeof current[field] === "string") {
      return current[field]
    }
    current = Option.getOrUndefined(innerOf(current))
  }
  return undefined
}

const innerOf = (error: object): Option.Option<unknown> =>
  Predicate.hasProperty(error, "reason")
    ? Option.some(error.reason)
    : Predicate.hasProperty(error, "cause")
    ? Option.some(error.cause)
    : Option.none()
