/**
 * The end of one run of a job, decided without the database.
 *
 * A worker runs a handler, passes the handler's exit to `decide`, and gives the settlement to the
 * store. Every rule about completing, retrying, releasing and failing a job is in this file.
 */
import { Cause, Data, type Duration, Exit, Predicate, Result } from "effect"
import * as Backoff from "./Backoff.ts"
import type { PayloadInvalid } from "./Errors.ts"
import * as ErrorText from "./ErrorText.ts"
import type { RetryPolicy } from "./JobKind.ts"
import type { ClaimedJob } from "./JobRecord.ts"

/** How one run of a job ended, and what becomes of the job. */
export type Settlement = Data.TaggedEnum<{
  Completed: {}
  /** Runs again after `delay`. With `holdsLane`, no other job of its key runs before. */
  Retried: {
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
   */
  Failed: { readonly error: string; readonly blocksLane: boolean }
}>
export const Settlement = Data.taggedEnum<Settlement>()

const completed = Settlement.Completed()

/** Whether this end of a run may make a job ready: the same one, or the next one of its lane. */
export const mayMakeReady = ({ key, settlement }: {
  readonly key?: string | undefined
  readonly settlement: Settlement
}): boolean => key !== undefined || settlement._tag !== "Completed"

/** The settlement that follows from a handler's exit. */
export const decide = (run: {
  readonly job: ClaimedJob
  readonly policy: RetryPolicy
  readonly exit: Exit.Exit<unknown, unknown>
  /** Whether pgq interrupted the run because the worker stops. */
  readonly isCancelled: boolean
  /** A random number in [0, 1), which chooses the delay within the jittered interval. */
  readonly random: () => number
}): Settlement => {
  const { exit, job, policy } = run
  if (Exit.isSuccess(exit)) return completed

  // A run that pgq interrupted is released, whether it ends by interruption or by an AbortError. A
  // handler that interrupts itself has failed.
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

// A PayloadInvalid of the job's own kind can never succeed; one of another kind may be a temporary
// mistake of the handler. An error's getter may throw; such an error is not a PayloadInvalid.
const isHopeless = (job: ClaimedJob, cause: Cause.Cause<unknown>): boolean =>
  Result.getOrElse(
    Result.try(() => {
      const failure = Cause.squash(cause)
      // A job script may have a copy of pgq of its own, with a class of its own.
      return isPayloadInvalid(failure) && failure.name === job.name
    }),
    () => false
  )

const isPayloadInvalid = (failure: unknown): failure is PayloadInvalid =>
  Predicate.isTagged(failure, "PayloadInvalid")

/** The settlement of a job without a handler. */
export const unknownName = (job: ClaimedJob): Settlement =>
  Settlement.Unhandled({
    delay: Backoff.unhandled(job.unhandledCount),
    error: ErrorText.storable(`no handler for "${job.name}" in the worker that claimed it`)
  })
