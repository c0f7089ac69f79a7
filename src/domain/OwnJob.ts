/**
 * The job of the run at hand, and the jobs that cannot end before it does.
 */
import { Schema } from "effect"

/** A job, and the lane that it stands in. */
export interface LaneMember {
  readonly id: bigint
  readonly queue: string
  /** The serialization key; `undefined` for a job without a lane. */
  readonly key: string | undefined
}

/** A job whose handler is at work, or was. */
export interface OwnJob extends LaneMember {
  readonly isRunning: boolean
}

/** Whether an unfinished job waits for one of these runs: it is its job, or of the same lane. */
export const waitsFor = (job: LaneMember, own: ReadonlyArray<OwnJob>): boolean =>
  own.some(({ id, isRunning, key, queue }) =>
    isRunning && (id === job.id || (key !== undefined && key === job.key && queue === job.queue))
  )

/**
 * A handler waits for its own job, or for a job of the same queue and key, which starts after its
 * own job has ended: it would wait for ever. `key` is `undefined` if the handler's job has none.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", { success: Schema.Number })
 *
 * export const sum = Job.await(Add, 7n).pipe(
 *   Effect.catchTag("AwaitWouldBlock", ({ message }) => Effect.logError(message))
 * )
 * ```
 */
export class AwaitWouldBlock extends Schema.TaggedError<AwaitWouldBlock>()("AwaitWouldBlock", {
  id: Schema.BigInt,
  key: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    return `the handler would wait for ever: job ${this.id} ` +
      (this.key === undefined
        ? "is its own"
        : `is its own, or has its key "${this.key}" and starts after it`)
  }
}
