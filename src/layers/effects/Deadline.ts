/**
 * The limits for each wait: for the database, and for the end of something.
 */
import { Duration, Effect, Exit, Fiber, Scope } from "effect"

export const bounds = {
  /** Any statement: longer than a step of pgq takes on a busy server. */
  statement: Duration.seconds(20),
  /** LISTEN, and each check of a listening connection. */
  listen: Duration.seconds(4),
  /** The listener's check whether the worker has a connection. */
  roomForWork: Duration.seconds(2),
  /** All attempts of a stopping worker to sign off. */
  signOff: Duration.seconds(10),
  /** The last settlements and the sign-off of a closing scope whose grace is over. */
  lastWords: Duration.seconds(2),
  /** The rest of a closing worker scope. */
  closing: Duration.millis(500),
  /** The same for each of its connection pools. */
  hangUp: Duration.millis(100)
} as const

/**
 * Waits no longer than the limit, whether the caller can be interrupted or not, and does not wait
 * for the end of an effect that it abandons.
 */
export const within = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { limit, orElse }: {
    readonly limit: Duration.Duration
    readonly orElse: Effect.Effect<A, E>
  }
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      started(effect),
      (asked) =>
        Effect.flatMap(started(Effect.sleep(limit)), (alarm) => {
          const end = Effect.callback<A, E>((resume) => {
            asked.addObserver(resume)
            alarm.addObserver(() => resume(orElse))
          })
          return Effect.ensuring(
            restore(end),
            Effect.sync(() => {
              alarm.interruptUnsafe()
              asked.interruptUnsafe()
            })
          )
        })
    )
  )

const started = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkDetach(Effect.interruptible(effect), { startImmediately: true })

/** Closes a scope and waits no longer than the limit. */
export const closeWithin =
  (limit: Duration.Duration) =>
  (scope: Scope.Closeable, exit: Exit.Exit<unknown, unknown> = Exit.void): Effect.Effect<void> =>
    Effect.forkDetach(Scope.close(scope, exit), { startImmediately: true }).pipe(
      Effect.flatMap((closing) =>
        Effect.timeoutOption(Effect.interruptible(Fiber.await(closing)), limit)
      ),
      Effect.asVoid
    )
