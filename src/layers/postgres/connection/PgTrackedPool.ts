/**
 * A pool that knows which of its connections run a statement, and since when.
 */
import { type PgClient, type PgConnection, PgPool } from "@effect/sql-pg"
import { Effect, Scope, Stream } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"

export interface PgTrackedPool {
  readonly borrow: (use: Use) => SqlConnection.Borrower
  readonly reserve: (use: Use) => SqlConnection.Acquirer
  /** Whether a statement uses one of its connections. */
  readonly isBusy: () => boolean
  /** Whether a statement has used its connection for longer than this many milliseconds. */
  readonly isSilent: (late: number) => boolean
  readonly scope: Scope.Closeable
}

/** One use of one connection. */
export interface Use {
  /** When the use began; `undefined` while it waits for a connection. */
  since: number | undefined
}

export const make = Effect.fnUntraced(function*({ config, onEnd, now }: {
  readonly config: PgClient.PgPoolConfig
  /** Called after each use. */
  readonly onEnd: () => void
  readonly now: () => number
}): Effect.fn.Return<PgTrackedPool, SqlError.SqlError> {
  const scope = yield* Scope.make()
  const pool = yield* Scope.provide(PgPool.make(config), scope)
  const uses = new Set<Use>()

  const begin = (use: Use, connection: PgConnection.PgConnection) => {
    use.since = now()
    uses.add(use)
    return sqlConnection(connection)
  }
  const end = (use: Use) =>
    Effect.sync(() => {
      if (uses.delete(use)) onEnd()
    })

  return {
    borrow: (use) => (f) =>
      Effect.ensuring(pool.use((connection) => f(begin(use, connection))), end(use)),
    // The finalizer is added first, so that it runs after the connection is back.
    reserve: (use) =>
      Effect.andThen(Effect.addFinalizer(() => end(use)), pool.reserve).pipe(
        Effect.map((connection) => begin(use, connection))
      ),
    isBusy: () => uses.size > 0,
    isSilent: (late) => {
      for (const { since } of uses) {
        if (since !== undefined && now() - since > late) return true
      }
      return false
    },
    scope
  }
})

/** The connection as the SQL client expects it; the driver does this for its own pools only. */
const sqlConnection = (connection: PgConnection.PgConnection): SqlConnection.Connection => {
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
