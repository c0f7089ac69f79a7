/**
 * A driver's connection as statements are asked on it. The driver makes these for its own pools only.
 */
import type { PgConnection } from "@effect/sql-pg"
import { Effect, Stream } from "effect"
import type { SqlConnection } from "effect/sql"

export const spoken = (connection: PgConnection.PgConnection): SqlConnection.Connection => {
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
