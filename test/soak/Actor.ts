/**
 * An actor of a soak acts until the soak is over. Faults may end its connection at any time.
 */
import { Effect, type Scope } from "effect"

/** Lets an actor begin anew, with new connections, each time that it has ended. */
export const untilOver = (isOver: () => boolean) =>
<E, R>(
  acting: Effect.Effect<unknown, E, R>
): Effect.Effect<void, never, Exclude<R, Scope.Scope>> =>
  acting.pipe(
    Effect.scoped,
    Effect.exit,
    Effect.andThen(Effect.sleep("100 millis")),
    Effect.repeat({ while: () => !isOver() }),
    Effect.asVoid
  )
