/**
 * Lengths of time that differ a little, so that processes which failed together do not come back
 * together.
 */
import { Duration, Effect, Random } from "effect"

/** Between 80 and 120 % of it. */
export const jittered = (length: Duration.Input): Effect.Effect<Duration.Duration> =>
  Effect.map(
    Random.nextBetween(0.8, 1.2),
    (factor) => Duration.times(Duration.fromInputUnsafe(length), factor)
  )
