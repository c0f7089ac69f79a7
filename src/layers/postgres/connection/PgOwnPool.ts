/**
 * A pool of connections that is replaced as a whole when one of them does not answer. If one
 * connection has lost its peer, others may have too, and each would cost a wait of its own.
 */
import type { PgClient } from "@effect/sql-pg"
import { Cause, Duration, Effect, Exit, Scope } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"
import { bounds, closeWithin } from "../../effects/Deadline.ts"
import * as Monotonic from "../../effects/Monotonic.ts"
import * as PgTrackedPool from "./PgTrackedPool.ts"

export interface PgOwnPool {
  /** Lends a connection for one statement, which costs less than to reserve one. */
  readonly borrow: SqlConnection.Borrower
  readonly reserve: SqlConnection.Acquirer
  /** Closes idle connections now, and the others when their statements have ended. */
  readonly replace: Effect.Effect<void, SqlError.SqlError>
  /** Whether a statement uses one of its connections. */
  readonly isBusy: () => boolean
  /** Waits until one such statement has ended; returns at once if there is none. */
  readonly freed: Effect.Effect<void>
}

/** A statement that takes longer than `late` shows that its connection does not answer. */
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
    // A statement that still waits when the pool closes needs no new connections.
    const old = isClosed ? next : current
    current = isClosed ? current : next
    wake()
    // Closing waits for running statements, so it runs in the background.
    yield* Effect.forkDetach(Scope.close(old.scope, Exit.void), { startImmediately: true })
  }).pipe(Effect.uninterruptible)

  /** Borrows a connection from the pool that is current when a connection becomes free. */
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
        // A closing pool interrupts all fibers that wait for a connection; they ask the new pool.
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
