/**
 * Time that only goes on, whatever happens to the wall clock.
 */
import { Clock, Effect } from "effect"

/** Reads milliseconds since some moment. */
export const millis: Effect.Effect<() => number> = Effect.map(
  Clock.Clock,
  (clock) => () => Number(clock.monotonicTimeNanosUnsafe() / 1000n) / 1000
)
