/**
 * Scopes that close under a test clock. The clock moves on while a scope closes. Otherwise a
 * settlement would wait forever for its next try, or the close for the end of its grace.
 */
import { Effect, Scope } from "effect"
import { TestClock } from "effect/testing"
import { setImmediate } from "node:timers/promises"

/** Moves the clock by a second, and lets the process do one turn of its event loop. */
const second = Effect.andThen(
  TestClock.adjust("1 second"),
  Effect.promise(() => setImmediate())
)

/** A scope that closes with the surrounding scope, while `turn` moves the clock again and again. */
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
