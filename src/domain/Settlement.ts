/**
 * How one run of a job ends, decided without touching the database.
 *
 * A worker runs a handler, passes its exit to `decide`, and hands the settlement to the store.
 * Every rule about completion, retries, putting off and giving back lives in this file.
 */
import { Cause, Data, type Duration, Exit, Result } from "effect"
import * as Backoff from "./Backoff.ts"
import { PayloadInvalid } from "./Errors.ts"
import * as ErrorText from "./ErrorText.ts"
import type { RetryPolicy } from "./JobKind.ts"
import type { ClaimedJob } from "./JobRecord.ts"

/** How one run of a job ended, and what becomes of the job. */
export type Settlement = Data.TaggedEnum<{
  Completed: {}
  /** To be tried again after `delay`. With `holdsLane`, no other job of its key runs before. */
  Retried: {
    readonly delay: Duration.Duration
    readonly error: string
    readonly holdsLane: boolean
  }
  /** Back to the queue as it was: no attempt used. */
  Released: {}
  /** Nobody here knows its name: later, no attempt used. */
  Unhandled: { readonly delay: Duration.Duration; readonly error: string }
  /** Failed for good. With `blocksLane`, it stays at the head of its key until somebody acts. */
  Failed: { readonly error: string; readonly blocksLane: boolean }
}>
export const Settlement = Data.taggedEnum<Settlement>()

const completed = Settlement.Completed()

/** What the exit of a handler means for its job. */
export const decide = (run: {
  readonly job: ClaimedJob
  readonly policy: RetryPolicy
  readonly exit: Exit.Exit<unknown, unknown>
  /** Whether pgq interrupted the run, as it does when it stops. */
  readonly isCancelled: boolean
  /** Draws from [0, 1): where in the jittered interval the next try falls. */
  readonly random: () => number
}): Settlement => {
  const { exit, job, policy } = run
  if (Exit.isSuccess(exit)) return completed

  // However a run ends that pgq cut short, by interruption or by an AbortError, the job is not to
  // blame. A handler that interrupts itself has failed.
  if (run.isCancelled) return Settlement.Released()

  const error = ErrorText.fromCause(exit.cause)
  if (isHopeless(job, exit.cause) || job.attempt >= (job.maxAttempts ?? policy.maxAttempts)) {
    const blocksLane = job.key !== undefined && policy.onFail === "block"
    return Settlement.Failed({ error, blocksLane })
  }
  return Settlement.Retried({
    error,
    holdsLane: policy.onRetry === "hold",
    delay: Backoff.fullJitter({
      base: policy.backoffBase,
      cap: policy.backoffCap,
      failures: job.attempt,
      random: run.random()
    })
  })
}

// The payload of another kind may be a handler's passing mistake; its own will never fit. An error
// of a handler may throw when it is looked at; then it is none of pgq's.
const isHopeless = (job: ClaimedJob, cause: Cause.Cause<unknown>): boolean =>
  Result.getOrElse(
    Result.try(() => {
      const failure = Cause.squash(cause)
      return failure instanceof PayloadInvalid && failure.name === job.name
    }),
    () => false
  )

/** What to do with a job that no handler here is registered for. */
export const unknownName = (job: ClaimedJob): Settlement =>
  Settlement.Unhandled({
    delay: Backoff.putOff(job.unhandledCount),
    error: ErrorText.storable(`no handler for "${job.name}" in the worker that claimed it`)
  })
