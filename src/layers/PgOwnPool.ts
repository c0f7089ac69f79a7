/**
 * A pool of connections that is replaced as a whole when one of them does not answer: where one has
 * lost its other end, others may have, and each would be found out only after a wait of its own.
 */
import { type PgClient, type PgConnection, PgPool } from "@effect/sql-pg"
import { Cause, Duration, Effect, Exit, Scope } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"
import { bounds, closeWithin } from "./Deadline.ts"
import * as Monotonic from "./Monotonic.ts"
import { spoken } from "./PgSpoken.ts"

export interface PgOwnPool {
  /** For a statement, which costs less than to reserve. */
  readonly borrow: SqlConnection.Borrower
  readonly reserve: SqlConnection.Acquirer
  /** Closes what is idle now, and the others when their statements have ended. */
  readonly replace: Effect.Effect<void, SqlError.SqlError>
}

/** A statement that takes longer than `late` tells that a connection does not answer. */
export const make = Effect.fnUntraced(function*(
  config: () => PgClient.PgPoolConfig,
  late: Duration.Duration
) {
  const now = yield* Monotonic.millis
  const lateMillis = Duration.toMillis(late)

  const open = Effect.gen(function*(): Effect.fn.Return<Connections, SqlError.SqlError> {
    const scope = yield* Scope.make()
    return { pool: yield* Scope.provide(PgPool.make(config()), scope), scope, uses: new Set() }
  })
  let current = yield* open
  let isClosed = false

  const replace = Effect.gen(function*() {
    const next = yield* open
    // A statement that still waits for its answer at the end needs no other connections.
    const old = isClosed ? next : current
    current = isClosed ? current : next
    // This waits for the statements that are under way.
    yield* Effect.forkDetach(Scope.close(old.scope, Exit.void), { startImmediately: true })
  }).pipe(Effect.uninterruptible)

  const isSilent = () => {
    for (const { since } of current.uses) {
      if (since !== undefined && now() - since > lateMillis) return true
    }
    return false
  }

  /** Asks for a connection of the pool that is current when its turn comes. */
  const using = <A, E, R>(
    ask: (from: Connections, use: Use) => Effect.Effect<A, E | SqlError.SqlError, R>
  ): Effect.Effect<A, E | SqlError.SqlError, R> => {
    const again: Effect.Effect<A, E | SqlError.SqlError, R> = Effect.suspend(() => {
      const from = current
      const use: Use = { since: undefined }
      return Effect.catchCauseIf(
        ask(from, use),
        // A pool that closes sends away all who wait for a connection.
        (cause) => use.since === undefined && from !== current && Cause.hasInterruptsOnly(cause),
        () => again
      )
    })
    return Effect.suspend(() => isSilent() ? Effect.andThen(replace, again) : again)
  }

  const begin = (from: Connections, use: Use, connection: PgConnection.PgConnection) => {
    use.since = now()
    from.uses.add(use)
    return spoken(connection)
  }

  const borrow: SqlConnection.Borrower = (f) =>
    using((from, use) =>
      Effect.ensuring(
        from.pool.use((connection) => f(begin(from, use, connection))),
        Effect.sync(() => from.uses.delete(use))
      )
    )

  const reserve: SqlConnection.Acquirer = using((from, use) =>
    Effect.addFinalizer(() => Effect.sync(() => from.uses.delete(use))).pipe(
      Effect.andThen(from.pool.reserve),
      Effect.map((connection) => begin(from, use, connection))
    )
  )

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      isClosed = true
      return closeWithin(bounds.hangUp)(current.scope)
    })
  )
  const pool: PgOwnPool = { borrow, reserve, replace }
  return pool
})

interface Connections {
  readonly pool: PgPool.PgPool
  readonly scope: Scope.Closeable
  readonly uses: Set<Use>
}

interface Use {
  /** When it had its connection. */
  since: number | undefined
}
