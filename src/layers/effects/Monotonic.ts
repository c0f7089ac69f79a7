/**
 * A clock that never goes back, whatever happens to the wall clock.
 */
import { Clock, Effect } from "effect"

/** Reads the milliseconds since an arbitrary moment. */
export const millis: Effect.Effect<() => number> = Effect.map(
  Clock.Clock,
  (clock) => () => Number(clock.monotonicTimeNanosUnsafe() / 1000n) / 1000
)
