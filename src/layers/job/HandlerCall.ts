/**
 * Calls the code of an application and makes one Effect of whatever it does.
 */
import { type Context, Effect, Exit, Predicate } from "effect"

// A handler that has ended when it returns is an Exit, for which nobody has to wait.
//
// A promise cannot be interrupted: its run ends when it settles, and if it was done by then, it is
// done. Its signal, aborted before, tells it to hurry.
export const call = <R>(
  handler: () => unknown,
  context: Context.Context<R>
): Effect.Effect<unknown, unknown> => {
  try {
    const returned = handler()
    if (isNeeding<R>(returned)) {
      if (!isRunnable(returned)) return Exit.die("an Effect that cannot be run was returned")
      return Effect.provideContext(Effect.interruptible(returned), context)
    }
    if (!isThenable(returned)) return Exit.succeed(returned)
    return Effect.tryPromise({ try: () => Promise.resolve(returned), catch: (error) => error })
  } catch (defect) {
    return Exit.die(defect)
  }
}

// Promises of other libraries, and queries that start when somebody waits for them, are no
// `Promise`.
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  Predicate.hasProperty(value, "then") && typeof value.then === "function"

// A value that only claims to be an Effect would end the fiber that is to run it, or escape from
// it.
const isRunnable = (value: unknown): boolean =>
  Predicate.hasProperty(value, evaluate) && typeof value[evaluate] === "function"

const evaluate = "~effect/Effect/evaluate"

// A handler's layer was built with the services of its Effect.
const isNeeding = <R>(value: unknown): value is Effect.Effect<unknown, unknown, R> =>
  Effect.isEffect(value)
