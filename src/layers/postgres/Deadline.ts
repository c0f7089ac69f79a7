/**
 * How long pgq waits for the database. A connection whose other end is gone without a word looks like
 * a slow server: after the bound it is given up, and the question is asked again on another one.
 *
 * Each statement of pgq passes through `answered`, but for those in a caller's own transaction and for
 * migrations, which take as long as they take, and for the first look at a database, which has a bound of
 * its own. Nothing waits for the end of a statement that was given up: the client cancels it, and closes
 * its connection 5 seconds later if it hears nothing.
 */
import { Duration, Effect, Exit, Fiber, Scope } from "effect"
import type { SqlError } from "effect/sql"
import { StoreError } from "../../domain/Errors.ts"
import { storeError } from "./PgError.ts"

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

/** Fails when there is no answer in time. The statement may have been done. */
export const answered =
  (operation: string, limit: Duration.Duration = bounds.statement) =>
  <A, R>(query: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, StoreError, R> =>
    within(Effect.mapError(query, storeError(operation)), {
      limit,
      orElse: Effect.suspend(() => Effect.fail(silence(operation, limit)))
    })

/**
 * Whether the caller can be interrupted or not, it waits for no longer than the limit, and not at all
 * for the end of what it gives up.
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

const silence = (operation: string, limit: Duration.Duration) =>
  new StoreError({
    operation,
    isTransient: true,
    isUnknown: true,
    detail: `the server did not answer within ${Duration.toSeconds(limit)} seconds`,
    cause: undefined
  })
