/**
 * How a job has ended, for whoever waits for it, and the failures of waiting.
 */
import { Data, Schema } from "effect"

/** How a job has ended. Values and failures are parsed JSON. */
export type JobEnd = Data.TaggedEnum<{
  Completed: { readonly name: string; readonly value: unknown }
  /** The job has completed, and `issue` says why it has no value. */
  Invalid: { readonly name: string; readonly issue: string }
  /** The job has completed, but its result is not there any more, or its kind had none. */
  Gone: { readonly name: string }
  /** `failure` is the declared error with its fields; `undefined` if it is another one. */
  Failed: {
    readonly name: string
    readonly outcome: "failed" | "crashed" | "expired" | "discarded"
    readonly error: string
    readonly failure?: unknown
  }
  Cancelled: { readonly name: string; readonly reason: string }
  /** There is no such job, and no history of it. */
  Unknown: {}
  /**
   * The job has not ended, and whoever waits is told so: it is of another kind, or cannot end
   * before a run of this process does.
   */
  Other: { readonly name: string; readonly queue: string; readonly key: string | undefined }
}>
export const JobEnd = Data.taggedEnum<JobEnd>()

/**
 * The job failed, with an error that its kind does not declare. `outcome` is "failed",
 * "crashed", "expired" or "discarded".
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("JobFailed", ({ error, id }) => Effect.logError(`job ${id}: ${error}`))
 * )
 * ```
 */
export class JobFailed extends Schema.TaggedError<JobFailed>()("JobFailed", {
  id: Schema.BigInt,
  outcome: Schema.Literals(["failed", "crashed", "expired", "discarded"]),
  error: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} ${
      this.outcome === "discarded" ? "was" : "has"
    } ${this.outcome}: ${this.error}`
  }
}

/**
 * The job was cancelled.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("JobCancelled", ({ reason }) => Effect.logWarning(reason))
 * )
 * ```
 */
export class JobCancelled extends Schema.TaggedError<JobCancelled>()("JobCancelled", {
  id: Schema.BigInt,
  reason: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} was cancelled: ${this.reason}`
  }
}

/**
 * There is no such job, and no history of it: it was never added, its transaction has not
 * committed, it was deleted, or the history does not keep it.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("JobUnknown", ({ id }) => Effect.logWarning(`no job ${id}`))
 * )
 * ```
 */
export class JobUnknown extends Schema.TaggedError<JobUnknown>()("JobUnknown", {
  id: Schema.BigInt
}) {
  override get message(): string {
    return `there is no job ${this.id}, and no history of it`
  }
}

/**
 * The job has completed, but its result is not kept any more; or its kind had no results then.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number, keepResult: "1 hour" })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("ResultGone", ({ id }) => Effect.logWarning(`too late for ${id}`))
 * )
 * ```
 */
export class ResultGone extends Schema.TaggedError<ResultGone>()("ResultGone", {
  id: Schema.BigInt
}) {
  override get message(): string {
    return `job ${this.id} has completed, and its result is not kept any more`
  }
}

/**
 * The job has completed, but its value could not be stored, or does not fit the schema of its kind.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("ResultInvalid", ({ issue }) => Effect.logWarning(issue))
 * )
 * ```
 */
export class ResultInvalid extends Schema.TaggedError<ResultInvalid>()("ResultInvalid", {
  id: Schema.BigInt,
  issue: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} has completed, but its result is invalid: ${this.issue}`
  }
}

/**
 * The job had not ended when the time was up. It goes on.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n, { timeout: "5 seconds" }).pipe(
 *   Effect.catchTag("AwaitTimeout", ({ id }) => Effect.logWarning(`job ${id} goes on`))
 * )
 * ```
 */
export class AwaitTimeout extends Schema.TaggedError<AwaitTimeout>()("AwaitTimeout", {
  id: Schema.BigInt
}) {
  override get message(): string {
    return `job ${this.id} has not ended in time; it goes on`
  }
}

/**
 * Somebody waits for a job in an open transaction, which may be what the job waits for.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("AwaitInTransaction", ({ message }) => Effect.logError(message))
 * )
 * ```
 */
export class AwaitInTransaction
  extends Schema.TaggedError<AwaitInTransaction>()("AwaitInTransaction", {})
{
  override get message(): string {
    return "a job cannot be waited for in an open transaction: it may wait for that to commit"
  }
}
