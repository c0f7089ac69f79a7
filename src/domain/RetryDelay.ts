/**
 * The delay before the next attempt, by the backoff of a rule.
 */
import { Cause, Duration, Effect, Exit, Option, Pull, Random, Result, Schedule } from "effect"
import * as Delay from "./Delay.ts"
import type { Backoff } from "./OnError.ts"

/**
 * The delay after the given number of failures; none if the attempts are spent. Fails with what
 * keeps the backoff from giving a delay.
 */
export const of = (run: {
  readonly backoff: Backoff
  readonly failures: number
  readonly error: unknown
  /** A random number in [0, 1), for schedules with jitter. */
  readonly random: () => number
}): Result.Result<Option.Option<Duration.Duration>, unknown> => {
  const { backoff, error, failures } = run
  if (Schedule.isSchedule(backoff)) return replayed({ ...run, backoff })
  return Result.flatMap(
    Result.try(() => backoff(failures, error)),
    (delay) =>
      Option.match(Delay.of(delay), {
        onNone: () => Result.fail("a backoff answered with something that is no duration"),
        onSome: (delay) => Result.succeed(Option.some(delay))
      })
  )
}

/** A replay stops here, so that a job that fails forever costs no more time each time. */
const stepsMax = 1000

const replayed = ({ backoff, error, failures, random }: {
  readonly backoff: Schedule.Schedule<unknown>
  readonly failures: number
  readonly error: unknown
  readonly random: () => number
}): Result.Result<Option.Option<Duration.Duration>, unknown> => {
  const replay = Effect.gen(function*() {
    const step = yield* Schedule.toStep(backoff)
    let elapsed = 0
    let delay = Duration.zero
    for (let n = 0; n < Math.min(failures, stepsMax); n++) {
      delay = Delay.within((yield* step(elapsed, error))[1])
      elapsed += Duration.toMillis(delay)
    }
    return Option.some(delay)
  }).pipe(
    Pull.catchDone(() => Effect.succeedNone),
    Effect.provideService(Random.Random, {
      nextDoubleUnsafe: random,
      nextIntUnsafe: () => Math.floor(random() * Number.MAX_SAFE_INTEGER)
    })
  )
  const exit = Effect.runSyncExit(replay)
  return Exit.isSuccess(exit) ? Result.succeed(exit.value) : Result.fail(Cause.squash(exit.cause))
}
