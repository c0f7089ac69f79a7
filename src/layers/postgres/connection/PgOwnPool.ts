/**
 * A pool of connections that is replaced as a whole when one of them does not answer: where one has
 * lost its other end, others may have, and each would be found out only after a wait of its own.
 */
import { type PgClient, type PgConnection, PgPool } from "@effect/sql-pg"
import { Cause, Duration, Effect, Exit, Scope, Stream } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"
import { bounds, closeWithin } from "../../effects/Deadline.ts"
import * as Monotonic from "../../effects/Monotonic.ts"

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

  const open = Effect.gen(function*(): Effect.fn.Return<Connections, SqlError.SqlError> {
    const scope = yield* Scope.make()
    const pool = yield* Scope.provide(PgPool.make(config()), scope)
    return { pool, scope, uses: new Set() }
  })
  let current = yield* open
  let isClosed = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const resume of waiting) resume()
    waiting.clear()
  }

  const replace = Effect.gen(function*() {
    const next = yield* open
    // A statement that still waits for its answer at the end needs no other connections.
    const old = isClosed ? next : current
    current = isClosed ? current : next
    wake()
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
  const end = (from: Connections, use: Use) =>
    Effect.sync(() => {
      if (from.uses.delete(use) && waiting.size > 0) wake()
    })

  const borrow: SqlConnection.Borrower = (f) =>
    using((from, use) =>
      Effect.ensuring(
        from.pool.use((connection) => f(begin(from, use, connection))),
        end(from, use)
      )
    )

  const reserve: SqlConnection.Acquirer = using((from, use) =>
    // The finalizer is added first, to run when the connection is back.
    Effect.andThen(Effect.addFinalizer(() => end(from, use)), from.pool.reserve).pipe(
      Effect.map((connection) => begin(from, use, connection))
    )
  )

  const isBusy = () => current.uses.size > 0
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

interface Connections {
  readonly pool: PgPool.PgPool
  readonly scope: Scope.Closeable
  readonly uses: Set<Use>
}

interface Use {
  /** When it had its connection. */
  since: number | undefined
}

/** As statements are asked on it. The driver says it for its own pools only. */
const spoken = (connection: PgConnection.PgConnection): SqlConnection.Connection => {
  const rows =
    (isPrepared: boolean): SqlConnection.Connection["execute"] => (sql, params, transform) => {
      const found = Effect.map(connection.query(sql, params, isPrepared), ({ rows }) => rows)
      return transform === undefined ? found : Effect.map(found, transform)
    }
  return {
    execute: rows(true),
    executeUnprepared: rows(false),
    executeRaw: (sql, params) => connection.query(sql, params),
    executeValues: (sql, params) => connection.queryValues(sql, params),
    executeValuesUnprepared: (sql, params) => connection.queryValues(sql, params, false),
    executeStream: (sql, params, transform) => {
      const found = connection.stream(sql, params)
      return transform === undefined
        ? found
        : Stream.flattenIterable(Stream.map(found, (row) => transform([row])))
    }
  }
}
