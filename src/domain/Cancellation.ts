/**
 * The wish to cancel jobs, and its answers.
 */
import { Data } from "effect"

/** How a job ended for good. */
export type JobOutcome = "completed" | "failed" | "crashed" | "cancelled" | "expired" | "discarded"

/** The answer to the wish that a job be cancelled. */
export type Cancellation = Data.TaggedEnum<{
  /** The job has ended as cancelled: it waited, or somebody waited for the end of its run. */
  Cancelled: {}
  /**
   * The job is leased to this worker, which is told to interrupt it. The job never starts again. It
   * ends as cancelled, unless its run succeeds or fails for good before.
   */
  Stopping: { readonly worker: string }
  /** The job had ended before. */
  Finished: { readonly outcome: JobOutcome }
  /** Another transaction locks the job: nothing was changed. */
  Held: {}
  /** There is no such job, and no history of one. */
  Unknown: {}
}>
export const Cancellation = Data.taggedEnum<Cancellation>()

/** Which jobs to cancel. At least one field beside `states` and `limit` is given. */
export interface CancelFilter {
  readonly queue?: string | undefined
  readonly name?: string | undefined
  readonly key?: string | undefined
  /** Jobs that wait, for whatever reason, and jobs that are leased. Defaults to both. */
  readonly states?: ReadonlyArray<"waiting" | "running"> | undefined
  /** The most jobs to cancel. Defaults to all. */
  readonly limit?: number | undefined
}

/** Jobs to cancel: those that fit all fields. At least one of queue, name and key is given. */
export type Selection =
  & AnySelection
  & ({ readonly queue: string } | { readonly name: string | Named } | { readonly key: string })

/** The same, before it is known whether one of these is given. */
export interface AnySelection extends Omit<CancelFilter, "name"> {
  readonly name?: string | Named | undefined
}

/** A kind of job. */
interface Named {
  readonly name: string
}

/** How many jobs came to which end. */
export interface CancelCounts {
  readonly cancelled: number
  readonly stopping: number
  readonly held: number
}

/** A leased job that somebody has cancelled. */
export interface CancelRequest {
  readonly lease: string
  readonly id: bigint
}
