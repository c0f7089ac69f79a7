/**
 * Failure reports: jobs that are added because jobs of another kind have failed for good.
 */
import { Duration, Predicate, Schema } from "effect"
import { lengthIssue, nameBytesMax, payloadBytesMax, textIssue } from "./JobRecord.ts"

/**
 * A job that has failed for good: the payload of the kind that another kind names as its
 * `onFailed`.
 *
 * `outcome` is "blocked" for a job that has failed and blocks its lane; it may still be retried or
 * discarded. `attempts` is the number of its runs that were not cut short. `error` is the text of
 * its last failure. `payload` is the JSON of its payload; it is left out where the report would be
 * too large with it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 *
 * const AlertOps = Job.make("alert-ops", { payload: Job.FailedJob })
 * export const Charge = Job.make("charge", { onFailed: AlertOps })
 *
 * export const AlertOpsLive = AlertOps.toLayer(({ error, id, name }) =>
 *   Effect.logError(`job ${id}, a ${name}, has failed: ${error}`)
 * )
 * ```
 */
export const FailedJob = Schema.Struct({
  id: Schema.BigInt,
  name: Schema.String,
  queue: Schema.String,
  key: Schema.optionalKey(Schema.String),
  outcome: Schema.Literals(["failed", "crashed", "expired", "blocked"]),
  error: Schema.optionalKey(Schema.String),
  attempts: Schema.Int,
  payload: Schema.optionalKey(Schema.Unknown)
})

/** The kind of a failure report. */
export interface ReportKind {
  readonly name: string
  /** How long after it was added a report expires; `undefined` is never. */
  readonly expiresIn: Duration.Duration | undefined
}

/** The names of jobs whose failures a worker wants reported. */
export interface FailureReport extends ReportKind {
  /** The name of the jobs that fail. */
  readonly of: string
}

/** The reason why a kind cannot be the `onFailed` of another one. A caller may pass anything. */
export const kindIssue = (kind: unknown): string | undefined => {
  if (!Predicate.hasProperty(kind, "name") || typeof kind.name !== "string") {
    return "its onFailed is not a kind of job"
  }
  const { name } = kind
  if (Predicate.hasProperty(kind, "onFailed") && kind.onFailed !== undefined) {
    return `its onFailed, "${name}", has an onFailed of its own`
  }
  if (Predicate.hasProperty(kind, "unique") && kind.unique !== undefined) {
    return `its onFailed, "${name}", is unique, which no report can be`
  }
  return textIssue("the name of its onFailed", name, nameBytesMax) ??
    (Predicate.hasProperty(kind, "expiresIn") && Duration.isDuration(kind.expiresIn)
      ? lengthIssue("the expiresIn of its onFailed", kind.expiresIn)
      : undefined)
}

/** The payload of a report as JSON text. The payload of the failed job is JSON text, too. */
export const payloadOf = (
  { id, key, payload, ...job }: Omit<typeof FailedJob.Type, "payload" | "key" | "error"> & {
    readonly key: string | undefined
    readonly error: string | undefined
    readonly payload: string
  }
): string => {
  const facts = { ...job, id: `${id}`, key }
  const whole = JSON.stringify({ ...facts, payload: JSON.parse(payload) })
  return Buffer.byteLength(whole) <= payloadBytesMax ? whole : JSON.stringify(facts)
}
