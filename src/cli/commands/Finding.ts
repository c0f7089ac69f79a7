/**
 * What `pgq check` finds, and how it looks without leaving a trace.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit } from "effect"
import { SqlClient } from "effect/sql"
import type { StoreError } from "../../domain/Errors.ts"
import { lossAsFailure } from "../../layers/postgres/PgError.ts"
import { withTimeout } from "../../layers/postgres/QueryTimeout.ts"

export interface Finding {
  /** Whether all is well, something is to be known, or no worker can work so. */
  readonly verdict: "ok" | "warn" | "FAIL"
  readonly what: string
  readonly detail: string
}

export type Findings = ReadonlyArray<Finding>

/** One thing that is looked at in the database. */
export type Look = Effect.Effect<Findings, StoreError, PgClient.PgClient | SqlClient.SqlClient>

export const ok = (what: string, detail: string): Finding => ({ verdict: "ok", what, detail })
export const warn = (what: string, detail: string): Finding => ({ verdict: "warn", what, detail })
export const fail = (what: string, detail: string): Finding => ({ verdict: "FAIL", what, detail })

/** A fault that was found, or none. */
export const orOk = (wrong: Findings, what: string, detail: string): Findings =>
  wrong.length === 0 ? [ok(what, detail)] : wrong

/** The server ends a statement before: `check` gives each 30 seconds. */
const statementLimit = Duration.seconds(35)

/** A transaction, with its begin and its end. */
const transactionLimit = Duration.minutes(2)

export const asked = withTimeout("check", statementLimit)

/** Runs it in a transaction, or within one at a savepoint, of which nothing stays. */
export const undone = <A, R>(
  effect: Effect.Effect<A, StoreError, R>
): Effect.Effect<A, StoreError, R | SqlClient.SqlClient> =>
  SqlClient.SqlClient.use((sql) =>
    lossAsFailure(
      Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(effect), Effect.fail)))
    ).pipe(
      Effect.flatMap((end) => Exit.isExit(end) ? Effect.succeed(end) : Effect.fail(end)),
      withTimeout("check", transactionLimit),
      Effect.flatten
    )
  )
