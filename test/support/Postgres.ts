/**
 * A database of its own for a test file, on the run's server, dropped at the end.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Redacted } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"

export class TestDatabase extends Context.Service<TestDatabase, {
  readonly name: string
  readonly url: string
}>()("pgq/test/TestDatabase") {}

/** A fresh, empty database. */
export const database: Layer.Layer<TestDatabase, SqlError.SqlError> = Layer.effect(
  TestDatabase,
  Effect.acquireRelease(
    Effect.gen(function*() {
      const name = `pgq_test_${randomUUID().replaceAll("-", "").slice(0, 16)}`
      yield* onServer((sql) => sql`CREATE DATABASE ${sql(name)}`)
      const url = new URL(inject("pgqTestServer"))
      url.pathname = `/${name}`
      return TestDatabase.of({ name, url: url.href })
    }),
    ({ name }) => Effect.orDie(onServer((sql) => sql`DROP DATABASE ${sql(name)} WITH (FORCE)`))
  )
)

/** A fresh, empty database and a client for it. */
export const layer: Layer.Layer<
  PgClient.PgClient | SqlClient.SqlClient | TestDatabase,
  SqlError.SqlError
> = Layer.provideMerge(
  PgClient.layerFrom(Effect.flatMap(
    TestDatabase,
    ({ url }) => PgClient.make({ url: Redacted.make(url) })
  )),
  database
)

const onServer = <A>(
  statement: (sql: SqlClient.SqlClient) => Effect.Effect<A, SqlError.SqlError>
): Effect.Effect<A, SqlError.SqlError> =>
  Effect.flatMap(SqlClient.SqlClient, statement).pipe(
    Effect.provide(PgClient.layer({
      url: Redacted.make(inject("pgqTestServer")),
      maxConnections: 1
    }))
  )
