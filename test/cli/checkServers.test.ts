/**
 * `pgq check` and other commands on servers and databases that are unfit for a worker.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as Working from "../connections/BusyWorker.ts"
import * as Bouncer from "../soak/Bouncer.ts"
import * as Server from "../soak/Server.ts"
import * as Standby from "../soak/Standby.ts"
import * as PlainRole from "../support/PlainRole.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Roles from "../support/Roles.ts"
import * as Pgq from "./Pgq.ts"

const complaints = (url: string, schema = "pgq") =>
  Effect.map(Pgq.run(["check", "-c", url, "--schema", schema]), ({ code, stdout }) => [
    ...stdout.split("\n").filter((line) => /^(warn|FAIL)/.test(line)),
    `exit ${code}`
  ])

/**
 * The tables that Citus keeps in each database. Only a superuser may make tables in `pg_catalog`.
 */
const citus = Postgres.asAdmin((sql) =>
  Effect.gen(function*() {
    yield* sql`SET allow_system_table_mods = on`
    yield* sql`CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass)`
    yield* sql`CREATE TABLE pg_catalog.pg_dist_schema (schemaid regnamespace)`
    yield* sql`GRANT SELECT ON pg_catalog.pg_dist_partition, pg_catalog.pg_dist_schema TO PUBLIC`
  })
)

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("Citus", (it) => {
  it.effect("is to leave pgq alone, and is said to have no atomic commits of itself", () =>
    Effect.gen(function*() {
      const { flags: [, url], name } = yield* Pgq.schema
      yield* citus
      const alone = yield* complaints(url!, name)
      yield* Postgres.asAdmin((sql) =>
        sql`INSERT INTO pg_dist_partition VALUES (${`${name}.leases`}::text::regclass)`
      )

      const table = yield* complaints(url!, name)
      yield* Postgres.asAdmin((sql) =>
        Effect.andThen(
          sql`DELETE FROM pg_dist_partition`,
          sql`INSERT INTO pg_dist_schema VALUES (${name}::text::regnamespace)`
        )
      )
      const schema = yield* complaints(url!, name)

      assert.match(alone[0]!, /^warn  citus .*two phases; the anchor in docs\/\S+ makes it so$/)
      assert.match(table[0]!, /^FAIL  citus .*distributed by Citus: table leases; keep pgq in/)
      assert.match(schema[0]!, /^FAIL  citus .*distributed by Citus: schema t_\w+; keep pgq in/)
      assert.deepStrictEqual([alone, table, schema].map((one) => [one.length, one[1]]), [
        [2, "exit 0"],
        [2, "exit 1"],
        [2, "exit 1"]
      ])
    }))

  it.effect("is told to keep what a migration makes on its own node", () =>
    Effect.gen(function*() {
      const statements = (yield* PgSchema.script()).split(";\n\n")

      const tell = statements.findIndex((text) =>
        text.endsWith("SET LOCAL citus.enable_ddl_propagation TO off")
      )

      assert.isAbove(tell, 0)
      assert.isBelow(tell, statements.findIndex((text) => text.includes("CREATE SCHEMA")))
    }))
})

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("a database", (it) => {
  for (const encoding of ["LATIN1", "SQL_ASCII"]) {
    it.effect(`in ${encoding} is refused by check and by migrate, in one sentence`, () =>
      Effect.gen(function*() {
        const { adminUrl, name, url } = yield* Postgres.TestDatabase
        const other = `${name}_${encoding.toLowerCase()}`
        const within = (text: string) => text.replace(name, other)
        const sql = yield* Roles.connect(adminUrl)
        const owner = PlainRole.nameIn(url)
        yield* Effect.acquireRelease(
          sql.unsafe(`CREATE DATABASE ${other} OWNER "${owner}" TEMPLATE template0
            ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`).unprepared,
          () => Effect.orDie(sql.unsafe(`DROP DATABASE ${other} WITH (FORCE)`).unprepared)
        )

        const found = yield* complaints(within(url))
        const { code, stderr } = yield* Pgq.run(["migrate", "-c", within(url)])

        assert.match(found[0]!, new RegExp(`^FAIL  server .*in ${encoding}, .*createdb .*UTF8$`))
        assert.strictEqual(found.at(-1), "exit 1")
        assert.match(stderr, new RegExp(`^pgq: .*needs a database in UTF8.*${encoding}.*\n$`))
        assert.strictEqual(code, 1)
      }))
  }

  it.effect("with few connections left is a warning", () =>
    Effect.gen(function*() {
      const { login, schema, url } = yield* Roles.make
      yield* Postgres.asAdmin((sql) =>
        sql.unsafe(`ALTER ROLE ${login("worker")} CONNECTION LIMIT 5`).unprepared
      )

      const found = yield* complaints(url("worker"), schema)

      assert.match(
        found[0]!,
        /^warn  server .*4 connections are free, and a worker takes up to 18;/
      )
      assert.strictEqual(found.at(-1), "exit 0")
    }))
})

describe("check", () => {
  it.live("fails on a standby", () =>
    Effect.gen(function*() {
      const dataDir = yield* folder
      const { pid, url } = yield* EmbeddedPostgres.open({ dataDir })
      const primary = Redacted.value(url)
      yield* Effect.provide(PgSchema.migrate(), Working.clientOf(primary))
      yield* Standby.open({ dataDir, pid, url: primary })
      const standby = primary.replace("port=5432", "port=5433")
      yield* Working.eventually(
        PgClient.PgClient.use((sql) => sql`SELECT FROM pgq.jobs`).pipe(
          Effect.provide(Working.clientOf(standby))
        )
      )

      const found = yield* complaints(standby)

      assert.match(found[0]!, /^FAIL  server .*a standby, .*; connect to its primary$/)
      assert.deepStrictEqual([found.length, found[1]], [2, "exit 1"])
    }).pipe(Effect.scoped), 60_000)

  it.live.runIf(Bouncer.isThere)(
    "fails behind a pooler in statement mode",
    () =>
      Effect.gen(function*() {
        const path = yield* folder
        const server = yield* Working.server
        const { port } = yield* Bouncer.open(path, server, "statement")
        const through = `${Server.overTcp(server, port)}?prepare=false`

        const found = yield* Effect.repeat(complaints(through), {
          until: (lines) => lines.length > 1,
          times: 50
        })

        assert.match(
          found[0]!,
          /^FAIL  connection .*closed when a transaction begins, .*let the pooler give/
        )
        assert.deepStrictEqual([found.length, found[1]], [2, "exit 1"])
      }).pipe(Effect.scoped),
    60_000
  )
})

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "pgq-check-"))
    // A server may run as another user than this test.
    chmodSync(path, 0o755)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
)
