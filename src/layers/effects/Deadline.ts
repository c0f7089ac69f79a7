/**
 * How long pgq waits: for the database, and for what has to end.
 */
import { Duration, Effect, Exit, Fiber, Scope } from "effect"

export const bounds = {
  /** Any statement: longer than a step of pgq takes on a server that is only busy. */
  statement: Duration.seconds(20),
  /** LISTEN, and each sign of life of a listening connection. */
  listen: Duration.seconds(4),
  /** The look of a listener whether the work has a connection. */
  roomForWork: Duration.seconds(2),
  /** All tries of an ending worker to sign off. */
  signOff: Duration.seconds(10),
  /** The last settlements and the sign-off of a closing scope whose grace is over. */
  lastWords: Duration.seconds(2),
  /** What else a closing scope waits for in its worker. */
  closing: Duration.millis(500),
  /** The same in each of its pools of connections. */
  hangUp: Duration.millis(100)
} as const

/**
 * Whether the caller can be interrupted or not, it waits for no longer than the limit, and not at
 * all for the end of what it gives up.
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

/** Closes a scope, and waits for that no longer than the limit. */
export const closeWithin =
  (limit: Duration.Duration) =>
  (scope: Scope.Closeable, exit: Exit.Exit<unknown, unknown> = Exit.void): Effect.Effect<void> =>
    Effect.forkDetach(Scope.close(scope, exit), { startImmediately: true }).pipe(
      Effect.flatMap((closing) =>
        Effect.timeoutOption(Effect.interruptible(Fiber.await(closing)), limit)
      ),
      Effect.asVoid
    )
