/**
 * Scopes that close under a clock that the test leads: it moves on while they do, so that whatever
 * waits by it, a settlement for its next try or the close for its grace, comes to its end.
 */
import { Effect, Scope } from "effect"
import { TestClock } from "effect/testing"
import { setImmediate } from "node:timers/promises"

/** A second of the clock, and a turn of the process. */
const second = Effect.andThen(
  TestClock.adjust("1 second"),
  Effect.promise(() => setImmediate())
)

/** Closed with the surrounding scope, while the clock is moved by `turn` again and again. */
export const scope = Effect.fnUntraced(function*(turn: Effect.Effect<void> = second) {
  // The surrounding scope may close under another clock.
  const context = yield* Effect.context<never>()
  return yield* Effect.acquireRelease(
    Scope.make(),
    (scope, exit) =>
      Effect.raceFirst(Scope.close(scope, exit), Effect.interruptible(Effect.forever(turn))).pipe(
        Effect.provideContext(context)
      )
  )
})
