/**
 * A database for one test file on the server of the test run. The database is dropped at the end.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import * as PlainRole from "./PlainRole.ts"

export class TestDatabase extends Context.Service<TestDatabase, {
  readonly name: string
  /** The database's URL for the plain role that owns the database. */
  readonly url: string
  /**
   * The database's URL for a superuser, if the server is the embedded one. A test that uses this
   * URL explains why.
   */
  readonly adminUrl: string
}>()("pgq/test/TestDatabase") {}

/** A fresh, empty database. */
export const database: Layer.Layer<TestDatabase, SqlError.SqlError> = Layer.effect(
  TestDatabase,
  Effect.acquireRelease(
    Effect.gen(function*() {
      const name = `pgq_test_${randomUUID().replaceAll("-", "").slice(0, 16)}`
      const owner = PlainRole.nameIn(inject("pgqTestServer"))
      yield* onServer((sql) => sql`CREATE DATABASE ${sql(name)} OWNER ${sql(owner)}`)
      return TestDatabase.of({
        name,
        url: within(inject("pgqTestServer"), name),
        adminUrl: within(inject("pgqTestAdmin"), name)
      })
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

const within = (server: string, database: string): string => {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}

/** The parameters of the connection to the database. */
export const parameters = Effect.map(TestDatabase, ({ url }) => {
  const { hostname, password, pathname, port, searchParams, username } = new URL(url)
  const given = (name: string, part: string) => searchParams.get(name) ?? decodeURIComponent(part)
  return {
    host: given("host", hostname),
    port: given("port", port || "5432"),
    user: given("user", username),
    password: given("password", password),
    dbname: pathname.slice(1)
  }
})

/** Runs statements that only a superuser may run. */
export const asAdmin = <A, E>(
  use: (sql: PgClient.PgClient) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError.SqlError, TestDatabase> =>
  TestDatabase.use(({ adminUrl }) =>
    PgClient.makeClient({ url: Redacted.make(adminUrl) }).pipe(
      Effect.provide(Reactivity.layer),
      Effect.flatMap(use),
      Effect.scoped
    )
  )

const onServer = <A>(
  statement: (sql: SqlClient.SqlClient) => Effect.Effect<A, SqlError.SqlError>
): Effect.Effect<A, SqlError.SqlError> =>
  Effect.flatMap(SqlClient.SqlClient, statement).pipe(
    Effect.provide(PgClient.layer({
      url: Redacted.make(inject("pgqTestAdmin")),
      maxConnections: 1
    }))
  )
