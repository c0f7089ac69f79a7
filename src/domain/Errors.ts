/**
 * The errors of jobs, workers and the database. Each class is one fact that a caller can act on.
 */
import { Schema } from "effect"

/**
 * The database refused a statement, could not be reached, or did not answer in time.
 *
 * `operation` is what pgq was doing, such as `enqueue`; `detail` is one line for an operator.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = enqueue(Tick).pipe(
 *   Effect.catchTag("StoreError", (error) =>
 *     error.isOutcomeUnknown === true
 *       ? Effect.logWarning("the job may have been added", error)
 *       : Effect.fail(error))
 * )
 * ```
 */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  operation: Schema.String,
  /** Whether a later try may succeed: the connection was lost, or a lock was busy. */
  isTransient: Schema.Boolean,
  /**
   * Whether the statement may have been executed: the connection was lost before the answer came.
   */
  isOutcomeUnknown: Schema.optionalKey(Schema.Boolean),
  /** The server's five-character SQLSTATE, if the server answered. */
  code: Schema.optionalKey(Schema.String),
  detail: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `${this.operation}: ${this.detail}`
  }

  /** Whether the server answered with a refusal, so that the connection worked. */
  get isAnswer(): boolean {
    return this.code !== undefined && !/^(08|57P0|E)/.test(this.code)
  }
}

/**
 * The job is no longer in the lease it was claimed under: its settlement changed nothing. A worker
 * handles this by itself; `JobRepo.settle` answers with it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { JobRepo } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   const repo = yield* JobRepo
 *   const lease = crypto.randomUUID()
 *   const { lost } = yield* repo.settle([{ id: 7n, lease, settlement: { _tag: "Completed" } }])
 *   for (const { message } of lost) yield* Effect.logInfo(message)
 * })
 * ```
 */
export class ClaimLost extends Schema.TaggedError<ClaimLost>()("ClaimLost", {
  id: Schema.BigInt,
  lease: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} is no longer in lease ${this.lease}; its outcome was not recorded`
  }
}

/**
 * A payload does not fit its kind's schema, or is not JSON: `issue` says where. `enqueue` fails
 * with it before anything is sent. A run whose stored payload does not fit is not tried again.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Measure = Job.make("measure", { payload: Schema.Finite })
 *
 * export const program = enqueue(Measure, NaN).pipe(
 *   Effect.catchTag("PayloadInvalid", ({ issue, name }) => Effect.logInfo(`${name}: ${issue}`))
 * )
 * ```
 */
export class PayloadInvalid extends Schema.TaggedError<PayloadInvalid>()("PayloadInvalid", {
  name: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `the payload does not fit "${this.name}": ${this.issue}`
  }
}

/**
 * A job could not be enqueued, cancelled, retried, discarded or edited as asked: a name, key,
 * number or payload is out of bounds. `enqueue`, `Job.cancel`, `Job.retry` and the like fail with
 * it before anything is sent.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = enqueue(Tick, undefined, { priority: 0.5 }).pipe(
 *   Effect.catchTag("JobInvalid", ({ issue }) => Effect.logInfo(issue))
 * )
 * ```
 */
export class JobInvalid extends Schema.TaggedError<JobInvalid>()("JobInvalid", {
  issue: Schema.String
}) {
  override get message(): string {
    return this.issue
  }
}

/**
 * An unfinished job has the unique key, or one that ended a short time ago: `id` is its id. Nothing
 * was added. Only kinds with the mode "reject" fail with it.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Load = Job.make("load-file", {
 *   payload: Schema.Struct({ file: Schema.String }),
 *   unique: { by: "file", mode: "reject" }
 * })
 *
 * export const program = enqueue(Load, { file: "a.csv" }).pipe(
 *   Effect.catchTag("DuplicateJob", ({ id }) => Effect.logInfo(`job ${id} loads it already`))
 * )
 * ```
 */
export class DuplicateJob extends Schema.TaggedError<DuplicateJob>()("DuplicateJob", {
  name: Schema.String,
  id: Schema.BigInt
}) {
  override get message(): string {
    return `job ${this.id} of the kind "${this.name}" has the same unique key`
  }
}

/**
 * The job to edit is of another kind: its name is `name`. Nothing of it was changed.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Job.edit(Tick, 7n, { priority: 5 }).pipe(
 *   Effect.catchTag("WrongKind", ({ id, name }) => Effect.logInfo(`job ${id} is a "${name}"`))
 * )
 * ```
 */
export class WrongKind extends Schema.TaggedError<WrongKind>()("WrongKind", {
  id: Schema.BigInt,
  name: Schema.String
}) {
  override get message(): string {
    return `job ${this.id} is of the kind "${this.name}"`
  }
}

/**
 * The schema in the database cannot be used by this version of pgq: `reason` says why, and `detail`
 * what to do.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PgSchema } from "pgq"
 *
 * export const program = PgSchema.check({ schema: "elsewhere" }).pipe(
 *   Effect.catchTag("SchemaUnfit", ({ detail, reason }) => Effect.logInfo(`${reason}: ${detail}`))
 * )
 * ```
 */
export class SchemaUnfit extends Schema.TaggedError<SchemaUnfit>()("SchemaUnfit", {
  schema: Schema.String,
  reason: Schema.Literals(["missing", "foreign", "behind", "ahead", "changed", "renamed"]),
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

/**
 * A setting, option or connection string that cannot work. `setting` is its name, such as `queues`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PgSchema } from "pgq"
 *
 * export const program = PgSchema.migrate({ schema: "No Schema" }).pipe(
 *   Effect.catchTag("SettingInvalid", ({ message, setting }) => Effect.logInfo(setting, message))
 * )
 * ```
 */
export class SettingInvalid extends Schema.TaggedError<SettingInvalid>()("SettingInvalid", {
  setting: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `${this.setting}: ${this.issue}`
  }
}

/**
 * The run was interrupted by pgq. `why` says: the job was cancelled, its time was up, its worker
 * stops, or its worker has lost it. It is the `reason` of the aborted `job.signal`, and
 * `Job.interruption` finds it in the cause of an interrupted Effect.
 *
 * @example
 * ```ts
 * import { Job, JobInterrupted } from "pgq"
 *
 * const Render = Job.make("render", { timeout: "30 seconds" })
 *
 * export const RenderLive = Render.toLayer(async (_, { signal }) => {
 *   signal.addEventListener("abort", () => {
 *     const { reason } = signal
 *     if (reason instanceof JobInterrupted && reason.why === "timedOut") console.log("too slow")
 *   })
 *   await fetch("http://localhost/render", { signal })
 * })
 * ```
 */
export class JobInterrupted extends Schema.TaggedError<JobInterrupted>()("JobInterrupted", {
  why: Schema.Literals(["stopping", "cancelled", "timedOut", "paused", "lost"])
}) {
  override get message(): string {
    return interruptions[this.why]
  }
}

const interruptions = {
  stopping: "the worker stops",
  cancelled: "the job was cancelled",
  timedOut: "the run timed out",
  paused: "the job was paused",
  lost: "the worker has lost the job"
}

/**
 * A handler called `job.complete` outside of a transaction of the application's `PgClient`: nothing
 * was completed.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const TickLive = Tick.toLayer((_, job) =>
 *   job.complete().pipe(
 *     Effect.catchTag("NotInTransaction", ({ message }) => Effect.logWarning(message))
 *   )
 * )
 * ```
 */
export class NotInTransaction extends Schema.TaggedError<NotInTransaction>()("NotInTransaction", {
  id: Schema.BigInt
}) {
  override get message(): string {
    return `job ${this.id} is completed by hand in a transaction only, as of sql.withTransaction`
  }
}
