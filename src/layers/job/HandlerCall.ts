/**
 * Calls a handler and turns its result into an Effect.
 */
import { Context, Effect, Exit, Predicate } from "effect"
import type { OwnJob } from "../../domain/OwnJob.ts"
import { OwnJobs } from "../../services/OwnJobs.ts"

// A handler that ends before it returns gives an Exit, which costs no fiber.
//
// A promise cannot be interrupted: its run ends when the promise settles, and counts as done if the
// promise has resolved. The signal, which is aborted before, asks the handler to stop.
//
// With `isTransactional`, a promise is refused: the transaction of a run is known to Effects alone.
export const call = <R>(
  handler: () => unknown,
  { context, isTransactional, own }: {
    readonly context: Context.Context<R>
    /** The jobs that the handler is called for. */
    readonly own: ReadonlyArray<OwnJob>
    readonly isTransactional: boolean
  }
): Effect.Effect<unknown, unknown> => {
  try {
    const returned = handler()
    if (isNeeding<R>(returned)) {
      if (!isRunnable(returned)) return Exit.die("an Effect that cannot be run was returned")
      // One merge for both: a second one would copy all services again.
      return Effect.updateContext(
        Effect.interruptible(returned),
        (outer: Context.Context<never>) => Context.add(Context.merge(outer, context), OwnJobs, own)
      )
    }
    if (!isThenable(returned)) return Exit.succeed(returned)
    if (isTransactional) return ignored(returned)
    return Effect.tryPromise({ try: () => Promise.resolve(returned), catch: (error) => error })
  } catch (defect) {
    return Exit.die(defect)
  }
}

const ignored = (promise: PromiseLike<unknown>): Exit.Exit<never> => {
  // A rejection that nobody handles would end the process.
  promise.then(undefined, () => {})
  return Exit.die(
    "the handler of a transactional kind must return an Effect: a promise knows no transaction"
  )
}

// Promises of other libraries, and queries that start when they are awaited, are no `Promise`.
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  Predicate.hasProperty(value, "then") && typeof value.then === "function"

// An object with Effect's type id but no `evaluate` would crash the fiber, so it is refused.
const isRunnable = (value: unknown): boolean =>
  Predicate.hasProperty(value, evaluate) && typeof value[evaluate] === "function"

const evaluate = "~effect/Effect/evaluate"

// The handler's requirements were captured when its layer was built.
const isNeeding = <R>(value: unknown): value is Effect.Effect<unknown, unknown, R> =>
  Effect.isEffect(value)
