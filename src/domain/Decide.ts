/**
 * Decides from the end of a run what becomes of its job, without the database.
 *
 * A worker runs a handler, passes the handler's exit to `decide`, and gives the settlement to the
 * store. Every rule about completing, retrying, snoozing, releasing, cancelling and failing a job
 * is applied here.
 */
import { Cause, type Duration, Exit, Option, Predicate, Result } from "effect"
import * as Backoff from "./Backoff.ts"
import * as Delay from "./Delay.ts"
import type { Member } from "./ErrorMembers.ts"
import { JobInterrupted, type PayloadInvalid } from "./Errors.ts"
import * as ErrorText from "./ErrorText.ts"
import type { Reason } from "./Interruption.ts"
import type { RunPolicy } from "./JobKind.ts"
import type { ClaimedJob } from "./JobRecord.ts"
import * as JobResult from "./JobResult.ts"
import * as OnError from "./OnError.ts"
import * as RetryDelay from "./RetryDelay.ts"
import * as Rules from "./Rules.ts"
import { notWanted, Settlement } from "./Settlement.ts"

/** A run that has ended. */
export interface EndedRun {
  readonly job: ClaimedJob
  readonly policy: RunPolicy
  readonly exit: Exit.Exit<unknown, unknown>
  /** The reason for which pgq interrupted the run, if it did. */
  readonly interruption: Reason | undefined
  /** The milliseconds from the start of the handler to its interruption or end. */
  readonly ranFor: number
  /** A random number in [0, 1), which chooses the delay within the jittered interval. */
  readonly random: () => number
  /** Told of a rule or backoff that threw or answered with nonsense: the run counts as retried. */
  readonly onRuleFailed?: ((defect: unknown) => void) | undefined
}

/** The settlement that follows from the end of a run. */
export const decide = (run: EndedRun): Settlement => {
  const { exit, interruption, job, policy } = run
  // A run that succeeds is completed, whatever was asked of it meanwhile.
  if (Exit.isSuccess(exit)) return completedWith(policy, exit.value)
  switch (interruption) {
    case "stopping":
    case "paused":
    // The worker settles no job that it has lost.
    case "lost":
      return Settlement.Released()
    case "cancelled":
      return notWanted
    case "timedOut":
      return answered(run, {
        rule: policy.rules.onTimeout,
        error: new JobInterrupted({ why: "timedOut" }),
        text: `timed out after ${seconds(run.ranFor)}`
      })
    case undefined: {
      const text = ErrorText.fromCause(exit.cause)
      return isHopeless(job, exit.cause)
        ? failed(run, { text })
        : answered(run, { ...Rules.find(policy.rules, exit.cause), text })
    }
  }
}

const completed = Settlement.Completed()

const completedWith = ({ keepResult }: RunPolicy, value: unknown): Settlement =>
  keepResult === undefined
    ? completed
    : Settlement.Completed({ result: JobResult.of(value, keepResult) })

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

/** A failure. `text` is stored. */
interface Failure {
  readonly error: unknown
  readonly text: string
  /** The kind of error that the kind of job has declared. */
  readonly member?: Member | undefined
}

const answered = (
  run: EndedRun,
  { rule, ...failure }: Failure & { readonly rule: OnError.Rule }
): Settlement => {
  const { error, text } = failure
  const answer = orElse(run, Rules.answerOf(rule, error, run.job), () => OnError.retry())
  switch (answer._tag) {
    case "Retry":
      return retried(run, { ...answer, ...failure })
    case "Snooze":
      return snoozed(run, { ...answer, ...failure })
    case "Fail":
      return failed(run, failure)
    case "Cancel":
      return Settlement.Cancelled({ error: text })
    case "Complete":
      return run.policy.keepResult === undefined ? completed : Settlement.Completed({
        result: { keep: run.policy.keepResult, error: `completed by a rule, after ${text}` }
      })
  }
}

const retried = (
  run: EndedRun,
  { backoff, lane, maxAttempts, ...failure }: OnError.RetryOptions & Failure
): Settlement => {
  const { job, policy, random } = run
  const { error, text } = failure
  const failures = job.attempt
  if (failures >= (job.maxAttempts ?? maxAttempts ?? policy.maxAttempts)) {
    return failed(run, failure)
  }
  const jittered = () => Option.some(fullJitter(run))
  const delay = backoff === undefined
    ? jittered()
    : orElse(run, RetryDelay.of({ backoff, failures, error, random }), jittered)
  return Option.match(delay, {
    onNone: () => failed(run, failure),
    onSome: (delay) =>
      Settlement.Retried({ delay, error: text, holdsLane: (lane ?? policy.onRetry) === "hold" })
  })
}

const fullJitter = ({ job, policy, random }: EndedRun): Duration.Duration =>
  Delay.within(Backoff.fullJitter({
    base: policy.backoffBase,
    cap: policy.backoffCap,
    failures: job.attempt,
    random: random()
  }))

const snoozed = (run: EndedRun, { delay: input, lane, ...failure }: Snooze): Settlement => {
  const { text } = failure
  const { job, policy } = run
  const delay = Option.getOrUndefined(Delay.of(input))
  if (delay === undefined) {
    run.onRuleFailed?.("a snooze has a delay that is no duration")
    return retried(run, failure)
  }
  if (job.snoozeCount >= (policy.maxSnoozes ?? Infinity)) {
    const all = ErrorText.storable(`snoozed ${job.snoozeCount} times: ${text}`)
    return failed(run, { ...failure, text: all })
  }
  return Settlement.Snoozed({ delay, error: text, holdsLane: (lane ?? policy.onRetry) === "hold" })
}

type Snooze = Extract<OnError.OnError, { readonly _tag: "Snooze" }> & Failure

const failed = (
  { job, policy }: EndedRun,
  { error, member, text }: Pick<Failure, "text"> & Partial<Failure>
): Settlement => {
  const failure = member?.toJson(error)
  return Settlement.Failed({
    error: text,
    ...(failure === undefined ? {} : { failure }),
    blocksLane: job.key !== undefined && policy.onFail === "block"
  })
}

const orElse = <A>(run: EndedRun, result: Result.Result<A, unknown>, other: () => A): A =>
  Result.getOrElse(result, (defect) => {
    run.onRuleFailed?.(defect)
    return other()
  })

/** A time as in "30 s" or "0.5 s". */
const seconds = (millis: number): string => `${Math.round(millis / 100) / 10} s`
