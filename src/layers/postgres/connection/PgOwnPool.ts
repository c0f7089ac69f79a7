/**
 * A pool of connections that is replaced as a whole when one of them does not answer: where one has
 * lost its other end, others may have, and each would be found out only after a wait of its own.
 */
import type { PgClient } from "@effect/sql-pg"
import { Cause, Duration, Effect, Exit, Scope } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"
import { bounds, closeWithin } from "../../effects/Deadline.ts"
import * as Monotonic from "../../effects/Monotonic.ts"
import * as PgTrackedPool from "./PgTrackedPool.ts"

export interface PgOwnPool {
  /** For a statement, which costs less than to reserve. */
  readonly borrow: SqlConnection.Borrower
  readonly reserve: SqlConnection.Acquirer
  /** Closes what is idle now, and the others when their statements have ended. */
  readonly replace: Effect.Effect<void, SqlError.SqlError>
  /** Whether a statement has one of its connections. */
  readonly isBusy: () => boolean
  /** Waits until one such statement has ended; not at all if there is none. */
  readonly freed: Effect.Effect<void>
}

/** A statement that takes longer than `late` tells that a connection does not answer. */
export const make = Effect.fnUntraced(function*(
  config: () => PgClient.PgPoolConfig,
  late: Duration.Duration
) {
  const now = yield* Monotonic.millis
  const lateMillis = Duration.toMillis(late)

  const waiting = new Set<() => void>()
  const wake = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }

  const open = Effect.suspend(() => PgTrackedPool.make({ config: config(), onEnd: wake, now }))
  let current = yield* open
  let isClosed = false

  const replace = Effect.gen(function*() {
    const next = yield* open
    // A statement that still waits for its answer at the end needs no other connections.
    const old = isClosed ? next : current
    current = isClosed ? current : next
    wake()
    // This waits for the statements that are under way.
    yield* Effect.forkDetach(Scope.close(old.scope, Exit.void), { startImmediately: true })
  }).pipe(Effect.uninterruptible)

  /** Asks for a connection of the pool that is current when its turn comes. */
  const using = <A, E, R>(
    ask: (
      from: PgTrackedPool.PgTrackedPool,
      use: PgTrackedPool.Use
    ) => Effect.Effect<A, E | SqlError.SqlError, R>
  ): Effect.Effect<A, E | SqlError.SqlError, R> => {
    const again: Effect.Effect<A, E | SqlError.SqlError, R> = Effect.suspend(() => {
      const from = current
      const use: PgTrackedPool.Use = { since: undefined }
      return Effect.catchCauseIf(
        ask(from, use),
        // A pool that closes sends away all who wait for a connection.
        (cause) => use.since === undefined && from !== current && Cause.hasInterruptsOnly(cause),
        () => again
      )
    })
    return Effect.suspend(() =>
      current.isSilent(lateMillis) ? Effect.andThen(replace, again) : again
    )
  }

  const borrow: SqlConnection.Borrower = (f) => using((from, use) => from.borrow(use)(f))
  const reserve: SqlConnection.Acquirer = using((from, use) => from.reserve(use))

  const isBusy = () => current.isBusy()
  const freed = Effect.callback<void>((resume) => {
    const go = () => resume(Effect.void)
    if (!isBusy()) return go()
    waiting.add(go)
    return Effect.sync(() => void waiting.delete(go))
  })

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      isClosed = true
      return closeWithin(bounds.hangUp)(current.scope)
    })
  )
  const pool: PgOwnPool = { borrow, reserve, replace, isBusy, freed }
  return pool
})
