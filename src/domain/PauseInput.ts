/**
 * Checks the wish to pause or resume before anything is sent, so that a mistake costs one clear
 * sentence and no round trip.
 */
import { Duration, Option, Result } from "effect"
import * as CancelInput from "./CancelInput.ts"
import { JobInvalid } from "./Errors.ts"
import { delayMax, nameBytesMax, queueBytesMax } from "./JobRecord.ts"
import { everyQueue, type PauseTarget, type PauseTerms } from "./Pause.ts"

/**
 * A queue, or the jobs of a name: in one queue, or without one in all queues. A kind may stand for
 * its name. "*" stands for all queues.
 */
export type Target = string | {
  readonly queue?: string | undefined
  readonly name?: string | { readonly name: string } | undefined
}

export interface Terms {
  /** 1 to 1,000 characters, for people. */
  readonly reason?: string | undefined
  /** The pause ends by itself at this time. */
  readonly until?: Date | undefined
  /** The pause ends by itself after this time, by the database's clock. */
  readonly for?: Duration.Input | undefined
  /** Whether workers interrupt running jobs and give them back. Defaults to false. */
  readonly cancelRunning?: boolean | undefined
}

export const ofTarget = (target: Target): Result.Result<PauseTarget, JobInvalid> => {
  const isObject = typeof target === "object" && target !== null
  const of = isObject ? target.name : undefined
  const name = typeof of === "object" && of !== null ? of.name : of
  const queue = isObject ? target.queue ?? (name === undefined ? undefined : everyQueue) : target
  return queue === undefined
    ? refuse("name a queue or a name: a pause of every job there is has the queue \"*\"")
    : refuse(
      CancelInput.wordIssue("the queue's name", queue, queueBytesMax) ??
        (name === undefined
          ? undefined
          : CancelInput.wordIssue("the job's name", name, nameBytesMax)),
      { queue, name }
    )
}

export const ofTerms = (
  { cancelRunning, for: time, reason, until }: Terms
): Result.Result<PauseTerms, JobInvalid> => {
  const length = time === undefined ? undefined : millisOf(time)
  return refuse(
    CancelInput.reasonIssue(reason) ??
      (until !== undefined && time !== undefined
        ? "a pause ends at a time or after a time, not both"
        : undefined) ??
      (until === undefined || isOfThisEra(until)
        ? undefined
        : "the end of the pause is not a date of this era") ??
      (time === undefined || length !== undefined
        ? undefined
        : `the time of the pause is not a duration of up to ${Duration.toDays(delayMax)} days`),
    {
      reason,
      cancelsRunning: cancelRunning === true,
      end: until === undefined ? length === undefined ? undefined : { in: length } : { at: until }
    }
  )
}

const refuse = <A>(issue: string | undefined, otherwise?: A): Result.Result<A, JobInvalid> =>
  issue === undefined && otherwise !== undefined
    ? Result.succeed(otherwise)
    : Result.fail(new JobInvalid({ issue: issue ?? "" }))

const isOfThisEra = (date: unknown): boolean =>
  date instanceof Date && date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999

/** `undefined` if it is no time, or none that a pause can last. */
const millisOf = (input: Duration.Input): number | undefined =>
  Number.isNaN(input) ? undefined : Option.getOrUndefined(
    Option.map(
      Option.filter(
        Duration.fromInput(input),
        (time) =>
          Duration.isGreaterThan(time, Duration.zero) &&
          Duration.isLessThanOrEqualTo(time, delayMax)
      ),
      Duration.toMillis
    )
  )
