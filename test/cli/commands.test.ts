/**
 * The commands that are soon over, on a database of their own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const hasPsql = spawnSync("psql", ["--version"]).status === 0

const script = `
import { Effect } from "effect"
export const setupJobs = (queue) => {
  queue.handle("failing", () => Effect.fail("no"))
  queue.handle("held", (_, { id }) =>
    Effect.andThen(Effect.logInfo("id=" + id, "held"), Effect.never))
}
`

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("commands", (it) => {
  it.effect("migrate prints what it applied, and nothing the second time", () =>
    Effect.gen(function*() {
      const { url } = yield* Postgres.TestDatabase
      const args = ["migrate", "-c", url, "--schema", "fresh"]

      const first = yield* Pgq.run(args)
      const second = yield* Pgq.run(args)

      assert.match(first.stdout, /^(\d{4}_\w+\n)+$/)
      assert.deepStrictEqual([first.code, second.code, second.stdout], [0, 0, ""])
      assert.include(second.stderr, "nothing to do")
    }))

  it.effect.runIf(hasPsql)(
    "schema prints a script for psql, to be run any number of times",
    () =>
      Effect.gen(function*() {
        const { url } = yield* Postgres.TestDatabase
        const { stdout } = yield* Pgq.run(["schema"], { env: { PGQ_SCHEMA: "scripted" } })
        const builds = () =>
          spawnSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", url], { input: stdout }).status

        assert.deepStrictEqual([builds(), builds()], [0, 0])
        const { code } = yield* Pgq.run(["check", "-c", url, "--schema", "scripted"])
        assert.strictEqual(code, 0)
      })
  )

  it.effect("enqueue stores what it was told and prints the id", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const options = ["--key", "customer-7", "--priority", "-5", "--queue", "mail"]

      const ended = yield* Pgq.run(["enqueue", "a job", "{\"n\": 1e2}", ...options, ...flags])

      const rows = yield* sql`
        SELECT id::text || E'\n' AS id, name, payload::text, serialization_key AS key, priority,
               queue
        FROM ${table("jobs")}`
      assert.deepStrictEqual(rows, [{
        id: ended.stdout,
        name: "a job",
        payload: "{\"n\": 100}",
        key: "customer-7",
        priority: -5,
        queue: "mail"
      }])
      assert.deepStrictEqual([ended.code, ended.stderr], [0, ""])
    }))

  it.effect("all digits of an id are printed, however many", () =>
    Effect.gen(function*() {
      const { flags, name } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      yield* sql.unsafe(
        `ALTER TABLE ${name}.jobs ALTER COLUMN id RESTART WITH 9007199254740993`
      ).unprepared

      const one = yield* Pgq.run(["enqueue", "failing", ...flags])
      const two = yield* Pgq.run(["enqueue", "--from", "-", ...flags], {
        stdin: `{"name": "held"}\n{"name": "held", "delay": "1h"}`
      })
      const queue = yield* Pgq.spawn(["start", "-f", "jobs.mjs", ...flags], { cwd: path })
      yield* queue.line(/job 9007199254740993 \(failing\): Error: no/)
      yield* queue.line(/id=9007199254740994 held/)
      yield* queue.kill("SIGUSR1")
      yield* queue.line(/running: 9007199254740994 held/)

      assert.strictEqual(one.stdout, "9007199254740993\n")
      assert.strictEqual(two.stdout, "9007199254740994\n9007199254740995\n")
    }))

  it.effect("enqueue takes a time with a zone, or a delay", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient

      yield* Pgq.run(["enqueue", "a", "--run-at", "2100-01-31T09:00:00+01:00", ...flags])
      yield* Pgq.run(["enqueue", "b", "--delay", "2m", ...flags])

      const rows = yield* sql`
        SELECT name, payload::text, run_at = '2100-01-31 08:00:00Z' AS is_moment,
               run_at - now() BETWEEN '110 seconds' AND '2 minutes' AS is_soon
        FROM ${table("jobs")} ORDER BY name`
      assert.deepStrictEqual(rows, [
        { name: "a", payload: "{}", is_moment: true, is_soon: false },
        { name: "b", payload: "{}", is_moment: false, is_soon: true }
      ])
    }))

  it.effect("enqueue --from adds a job for each line, in order", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      const lines = Array.from(
        { length: 2500 },
        (_, n) => JSON.stringify({ name: "a", payload: n })
      )
      write("jobs.ndjson", `${lines.join("\n")}\n\n{"name": "b", "key": "k", "delay": "1h"}`)

      const { code, stdout } = yield* Pgq.run(["enqueue", "--from", "jobs.ndjson", ...flags], {
        cwd: path
      })

      const rows = yield* sql<{ id: string; payload: string }>`
        SELECT id::text, payload::text FROM ${table("jobs")} AS jobs ORDER BY jobs.id`
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(rows.map(({ id }) => id), stdout.trim().split("\n"))
      assert.deepStrictEqual(
        rows.map(({ payload }) => payload),
        [...Array.from({ length: 2500 }, (_, n) => String(n)), "{}"]
      )
    }))

  it.effect("status prints a table for people, and JSON for programs", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema

      const empty = yield* Pgq.run(["status", ...flags])
      yield* Pgq.run(["enqueue", "a", "--queue", "mail", ...flags])
      yield* Pgq.run(["enqueue", "a", "--delay", "1h", ...flags])
      const table = yield* Pgq.run(["status", ...flags])
      const json = yield* Pgq.run(["status", "--json", ...flags])

      assert.match(empty.stdout, /^queue +ready +waiting .*\n\nworker +label/)
      assert.match(table.stdout, /^queue    ready  waiting  running  scheduled .*\n/)
      assert.match(table.stdout, /^default      0        0        0          1 /m)
      assert.match(table.stdout, /^mail         1        0        0          0 /m)
      const queues: unknown = JSON.parse(json.stdout).queues
      assert.deepInclude(queues, {
        queue: "mail",
        ready: 1,
        waiting: 0,
        running: 0,
        scheduled: 0,
        completed: 0,
        failed: 0
      })
      assert.deepStrictEqual([empty.code, table.code, json.code, table.stderr], [0, 0, 0, ""])
    }))

  it.effect("check names settings, server, schema and rights, and no password", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const password = new URL(flags[1]!).searchParams.get("password") ??
        new URL(flags[1]!).password

      const { code, stderr, stdout } = yield* Pgq.run(["check", ...flags])

      for (const what of ["settings", "connection", "server", "schema", "rights", "ids"]) {
        assert.match(stdout, new RegExp(`^(ok  |warn)  ${what} `, "m"))
      }
      assert.notInclude(stdout, password || "no password")
      assert.deepStrictEqual([code, stderr], [0, ""])
    }))

  it.effect("check says how a pooler without prepared statements is dealt with", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema

      const { code, stdout } = yield* Pgq.run(["check", ...flags], {
        env: { PGQ_PREPARE: "false" }
      })

      assert.match(stdout, /wake-ups by poll/)
      assert.match(stdout, /prepare=false/)
      assert.strictEqual(code, 0)
    }))

  it.effect("check fails where the schema is missing, and where rights are", () =>
    Effect.gen(function*() {
      const { url } = yield* Postgres.TestDatabase
      const { name } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const role = sql(`${name}_role`)
      yield* Effect.acquireRelease(
        sql`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`,
        () => Effect.orDie(Effect.andThen(sql`DROP OWNED BY ${role}`, sql`DROP ROLE ${role}`))
      )
      yield* sql`GRANT USAGE ON SCHEMA ${sql(name)} TO ${role}`
      yield* sql`GRANT SELECT ON ALL TABLES IN SCHEMA ${sql(name)} TO ${role}`

      const missing = yield* Pgq.run(["check", "-c", url, "--schema", "nothing_here"])
      const poor = yield* Pgq.run(["check", "-c", asRole(url, `${name}_role`), "--schema", name])

      assert.strictEqual(missing.code, 1)
      assert.match(missing.stdout, /^FAIL  schema .*run pgq migrate/m)
      assert.match(poor.stdout, /^FAIL  rights .*INSERT on jobs/m)
      assert.strictEqual(poor.code, 1)
    }))

  it.effect("check fails where the next id is one that there is already", () =>
    Effect.gen(function*() {
      const { flags, name, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const check = Pgq.run(["check", ...flags])
      const fresh = yield* check
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('a'), ('b'), ('c')`

      const used = yield* check
      yield* sql`SELECT setval(${`${name}.jobs_id_seq`}::text::regclass, 1)`
      const behind = yield* check
      yield* sql`
        INSERT INTO ${table("finished_jobs")} (id, created_at, claimed_at, finished_at, priority,
          attempt, outcome, queue, name, payload, lease_id)
        SELECT 7, now(), now(), now(), 0, 1, 'completed', 'default', 'a', '{}', gen_random_uuid()`
      const further = yield* check
      yield* sql.unsafe(/run (SELECT .*)/.exec(further.stdout)?.[1] ?? "").unprepared
      const mended = yield* check

      const codes = [fresh, used, behind, further, mended].map(({ code }) => code)
      assert.deepStrictEqual(codes, [0, 0, 1, 1, 0])
      assert.include(
        behind.stdout,
        "FAIL  ids         there are jobs up to id 3, but the next one would get id 2; " +
          `run SELECT setval('${name}.jobs_id_seq', 3)\n`
      )
      assert.match(further.stdout, /jobs up to id 7, but the next one would get id 2;/)
      assert.match(mended.stdout, /^ok {4}ids /m)
    }))

  it.effect("finds its database by PGQ_URL, then DATABASE_URL, then PG*", () =>
    Effect.gen(function*() {
      const { url } = yield* Postgres.TestDatabase
      const { name } = yield* Pgq.schema
      const wrong = "host=127.0.0.1 port=1"
      const { password, searchParams, username } = new URL(url)
      const given = new URL(url)
      const part = (key: string, otherwise: string) => searchParams.get(key) ?? otherwise

      const asks = (env: Record<string, string>) =>
        Effect.map(
          Pgq.run(["check"], { env: { PGQ_SCHEMA: name, ...env } }),
          ({ stdout }) => /^ok    connection .*\((.*)\)$/m.exec(stdout)?.[1]
        )

      assert.strictEqual(yield* asks({ PGQ_URL: url, DATABASE_URL: wrong, PGPORT: "1" }), "PGQ_URL")
      assert.strictEqual(yield* asks({ DATABASE_URL: url, PGPORT: "1" }), "DATABASE_URL")
      assert.strictEqual(
        yield* asks({
          PGHOST: part("host", given.hostname),
          PGPORT: part("port", given.port || "5432"),
          PGUSER: part("user", username),
          PGPASSWORD: part("password", password),
          PGDATABASE: given.pathname.slice(1)
        }),
        "PG*"
      )
    }))
})

const asRole = (url: string, role: string): string => {
  const other = new URL(url)
  other.searchParams.set("user", role)
  other.searchParams.set("password", "secret")
  return other.href
}
