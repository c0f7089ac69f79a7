/**
 * The steps of operators and applications that change jobs by hand.
 */
import { Context, type Effect } from "effect"
import type {
  CopyAnswer,
  DiscardAnswer,
  EditAnswer,
  FoundJob,
  JobChange,
  JobPattern,
  RetryAnswer,
  RetryCounts,
  RetryEdit,
  RetryFilter,
  RetrySpread
} from "../domain/ByHand.ts"
import type {
  CancelCounts,
  CancelFilter,
  Cancellation,
  JobOutcome
} from "../domain/Cancellation.ts"
import type { StoreError } from "../domain/Errors.ts"
import type { AwaitInTransaction, JobEnd } from "../domain/JobEnd.ts"
import type { LogLine } from "../domain/JobLog.ts"
import type { JobRun } from "../domain/JobRun.ts"
import type { SeenJob } from "../domain/JobView.ts"
import type { OwnJob } from "../domain/OwnJob.ts"
import type { Reason } from "../domain/Why.ts"

/**
 * Cancels, retries, discards and edits jobs, and says why they wait and how they ended.
 * `QueueLive.client` and `QueueLive.layer` provide the service, and so do those of `MemoryQueue`.
 * An application names it where it says what its own functions need; `Job.cancel`, `Job.retry` and
 * the like check their input and call its methods.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job, JobControl } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Tick)
 *   yield* Job.cancel(id)
 *   const control = yield* JobControl
 *   yield* Effect.logInfo(`job ${id} is ${yield* control.outcomeOf(id)}`)
 * })
 * ```
 */
export class JobControl extends Context.Service<JobControl, {
  /** Cancels jobs. Answers for each of them, in the order given. Each job is a step of its own. */
  readonly cancel: (
    ids: ReadonlyArray<bigint>,
    options?: { readonly reason?: string | undefined }
  ) => Effect.Effect<ReadonlyArray<Cancellation>, StoreError>

  /**
   * Cancels some hundreds of the jobs with an id above `after` that the filter names. `last` is the
   * id to go on behind; `undefined` at the end.
   */
  readonly cancelSome: (
    filter: CancelFilter,
    options: { readonly after: bigint; readonly reason?: string | undefined }
  ) => Effect.Effect<CancelCounts & { readonly last: bigint | undefined }, StoreError>

  /**
   * How a job has ended. "unfinished" if it has not; "unknown" if there is neither a job nor a
   * history of it.
   */
  readonly outcomeOf: (
    id: bigint
  ) => Effect.Effect<JobOutcome | "unfinished" | "unknown", StoreError>

  /**
   * Queues jobs again that did not complete, and lets jobs start at once that wait for a time.
   * Answers for each of them, in the order given. Each job is a step of its own.
   */
  readonly retry: (
    ids: ReadonlyArray<bigint>
  ) => Effect.Effect<ReadonlyArray<RetryAnswer>, StoreError>

  /**
   * Adds jobs anew after finished ones of any outcome. Answers for each of them, in the order
   * given.
   */
  readonly copy: (
    ids: ReadonlyArray<bigint>
  ) => Effect.Effect<ReadonlyArray<CopyAnswer>, StoreError>

  /**
   * Queues some hundreds of the finished jobs with an id above `after` again that the filter names,
   * at most `limit`, with the new values of `edit`. `last` is the id to go on behind; `undefined`
   * at the end. If they are spread in time, `next` is when the next job may start.
   */
  readonly retrySome: (
    filter: RetryFilter,
    options: {
      readonly after: bigint
      readonly limit?: number | undefined
      readonly spread?: RetrySpread | undefined
      readonly edit?: RetryEdit | undefined
    }
  ) => Effect.Effect<
    RetryCounts & { readonly last: bigint | undefined; readonly next?: Date },
    StoreError
  >

  /**
   * Ends jobs for good that wait. Answers for each of them, in the order given. Each job is a step
   * of its own.
   */
  readonly discard: (
    ids: ReadonlyArray<bigint>
  ) => Effect.Effect<ReadonlyArray<DiscardAnswer>, StoreError>

  /** Changes a job that is not leased. */
  readonly edit: (id: bigint, change: JobChange) => Effect.Effect<EditAnswer, StoreError>

  /** The runs of a job that did not complete, the newest first, at most `limit`. */
  readonly runs: (
    id: bigint,
    options: { readonly limit: number }
  ) => Effect.Effect<ReadonlyArray<JobRun>, StoreError>

  /** The log of a job, the oldest line first: at most `limit` lines behind the first `skip`. */
  readonly logs: (
    id: bigint,
    options: { readonly skip: number; readonly limit: number }
  ) => Effect.Effect<ReadonlyArray<LogLine>, StoreError>

  /**
   * Waits until a job has ended, however long that takes. Answers `Other` as soon as it sees that
   * the job is not of the kind `name`, which defaults to any, or waits for one of the `own` jobs.
   */
  readonly ended: (
    id: bigint,
    options?: {
      readonly name?: string | undefined
      readonly own?: ReadonlyArray<OwnJob> | undefined
    }
  ) => Effect.Effect<JobEnd, AwaitInTransaction | StoreError>

  /**
   * How a job looks: at once, or as soon as it looks otherwise than it did `last`. A job that has
   * ended may stay so for ever.
   */
  readonly seen: (
    id: bigint,
    last?: SeenJob | undefined
  ) => Effect.Effect<SeenJob, AwaitInTransaction | StoreError>

  /** An unfinished job; `undefined` if there is none with this id. */
  readonly find: (id: bigint) => Effect.Effect<FoundJob | undefined, StoreError>

  /**
   * A job, unfinished or finished, as another one like it would be added; `undefined` if there is
   * neither a job nor a history of it.
   */
  readonly like: (id: bigint) => Effect.Effect<JobPattern | undefined, StoreError>

  /** Why a job runs, waits or has ended: the nearest reason first. */
  readonly why: (id: bigint) => Effect.Effect<ReadonlyArray<Reason>, StoreError>

  /** Why nothing of a queue starts: the reasons of the job that would be next. */
  readonly whyQueue: (queue: string) => Effect.Effect<ReadonlyArray<Reason>, StoreError>
}>()("pgq/services/JobControl") {}
