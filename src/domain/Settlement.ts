/**
 * The end of one run of a job, as the store records it.
 */
import { Data, type Duration } from "effect"
import * as Backoff from "./Backoff.ts"
import { JobInterrupted } from "./Errors.ts"
import * as ErrorText from "./ErrorText.ts"
import type { ClaimedJob } from "./JobRecord.ts"

/** The result of a completed job: its value as JSON text, or the reason why it has none. */
export type Result =
  & { readonly keep: Duration.Duration }
  & (
    | { readonly value: string; readonly error?: undefined }
    | { readonly value?: undefined; readonly error: string }
  )

/** How one run of a job ended, and what becomes of the job. */
export type Settlement = Data.TaggedEnum<{
  /** `result` is for whoever waits for the job, if its kind has results. */
  Completed: { readonly result?: Result | undefined }
  /** Runs again after `delay`. With `holdsLane`, no other job of its key runs before. */
  Retried: {
    readonly delay: Duration.Duration
    readonly error: string
    readonly holdsLane: boolean
  }
  /** Runs again after `delay`; the attempt does not count. With `holdsLane`, as for a retry. */
  Snoozed: {
    readonly delay: Duration.Duration
    readonly error: string
    readonly holdsLane: boolean
  }
  /** Goes back unchanged: the attempt does not count. */
  Released: {}
  /** The worker has no handler for the job's name: runs later, and the attempt does not count. */
  Unhandled: { readonly delay: Duration.Duration; readonly error: string }
  /**
   * Failed for good. With `blocksLane`, the job stays the head of its lane until an operator acts.
   * `failure` is the error as JSON text, if the kind of job has declared it.
   */
  Failed: {
    readonly error: string
    readonly failure?: string | undefined
    readonly blocksLane: boolean
  }
  /** Ended because nobody wants the job any more; its lane goes on. */
  Cancelled: { readonly error: string }
}>

const { Cancelled, Completed, Failed, Released, Retried, Snoozed, Unhandled } = Data.taggedEnum<
  Settlement
>()

export const Settlement = {
  Cancelled,
  Completed: (given: { readonly result?: Result | undefined } = {}): Settlement => Completed(given),
  Failed,
  Released,
  Retried,
  Snoozed,
  Unhandled
}

/** The settlement of a job that was cancelled, unless its run succeeds. */
export const notWanted: Settlement = Settlement.Cancelled({
  error: new JobInterrupted({ why: "cancelled" }).message
})

/** Whether this end of a run may make a job ready: the same one, or the next one of its lane. */
export const mayMakeReady = ({ key, settlement }: {
  readonly key?: string | undefined
  readonly settlement: Settlement
}): boolean => key !== undefined || settlement._tag !== "Completed"

/** The settlement of a job without a handler. */
export const unknownName = (job: ClaimedJob): Settlement =>
  Settlement.Unhandled({
    delay: Backoff.unhandled(job.unhandledCount),
    error: ErrorText.storable(`no handler for "${job.name}" in the worker that claimed it`)
  })
