/**
 * Random variation of delays, so that processes that failed together do not retry together.
 */
import { Duration, Effect, Random } from "effect"

/** Between 80 and 120 % of it. */
export const jittered = (length: Duration.Input): Effect.Effect<Duration.Duration> =>
  Effect.map(
    Random.nextBetween(0.8, 1.2),
    (factor) => Duration.times(Duration.fromInputUnsafe(length), factor)
  )
