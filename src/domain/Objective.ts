/**
 * How late the jobs of queues may be, as operators have set it, and the check of a wish for it.
 */
import { Duration, Option, Result } from "effect"
import * as CancelInput from "./CancelInput.ts"
import { JobInvalid } from "./Errors.ts"
import { delayMax, queueBytesMax } from "./JobRecord.ts"
import { everyQueue } from "./Pause.ts"

/** The longest that a ready job of a queue should wait. */
export interface Objective {
  /** "*" stands for all queues that have no objective of their own. */
  readonly queue: string
  /** In seconds. */
  readonly seconds: number
}

/** The answer to a wish. "not set": there was no objective to clear. */
export type ObjectiveAnswer = "set" | "cleared" | "not set"

/** Checks the name of a queue and a length of time, and answers the time in seconds. */
export const ofInput = (
  queue: string,
  time: Duration.Input
): Result.Result<number, JobInvalid> =>
  Result.flatMap(ofQueue(queue), () => {
    const seconds = secondsOf(time)
    return seconds === undefined
      ? refuse(`the objective is not a duration of up to ${Duration.toDays(delayMax)} days`)
      : Result.succeed(seconds)
  })

/** Checks the name of a queue, and answers it. */
export const ofQueue = (queue: string): Result.Result<string, JobInvalid> => {
  const issue = CancelInput.wordIssue("the queue's name", queue, queueBytesMax)
  return issue === undefined ? Result.succeed(queue) : refuse(issue)
}

/** The objective of a queue in seconds: its own, else that of all queues, else `null`. */
export const find = (objectives: ReadonlyArray<Objective>, queue: string): number | null =>
  (objectives.find((one) => one.queue === queue) ??
    objectives.find((one) => one.queue === everyQueue))?.seconds ?? null

const refuse = (issue: string) => Result.fail(new JobInvalid({ issue }))

/** `undefined` if it is no time, or none that a job can wait. */
const secondsOf = (input: Duration.Input): number | undefined =>
  Number.isNaN(input) ? undefined : Option.getOrUndefined(
    Option.map(
      Option.filter(
        Duration.fromInput(input),
        (time) =>
          Duration.isGreaterThan(time, Duration.zero) &&
          Duration.isLessThanOrEqualTo(time, delayMax)
      ),
      Duration.toSeconds
    )
  )
