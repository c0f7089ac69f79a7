/**
 * The commands that end soon, on a database of their own.
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

  it.effect("enqueue and edit take a time to expire in, and --from both kinds of times", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write(
        "jobs.ndjson",
        `{"name": "b", "expiresAt": "2100-01-31T09:00:00+01:00"}\n` +
          `{"name": "c", "runAt": "2100-01-31T08:00:00Z", "expiresIn": "1d"}`
      )

      yield* Pgq.run(["enqueue", "a", "--delay", "1h", "--expires-in", "90s", ...flags])
      yield* Pgq.run(["enqueue", "--from", "jobs.ndjson", ...flags], { cwd: path })
      const { stdout } = yield* Pgq.run(["enqueue", "d", ...flags])
      const id = stdout.trim()
      yield* Pgq.run(["edit", id, "--delay", "1m", "--expires-in", "2m", ...flags])

      const rows = yield* sql`
        SELECT name, round(extract(
                 epoch FROM expires_at - coalesce(run_at, '2100-01-31 08:00:00Z')
               ))::integer AS seconds
        FROM ${table("jobs")} ORDER BY name`
      assert.deepStrictEqual(
        rows.map(({ name, seconds }) => [name, seconds]),
        [["a", 90], ["b", 0], ["c", 86_400], ["d", 120]]
      )
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

  it.effect("enqueue keeps, replaces, rejects and delays unique jobs", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const enqueue = (payload: string, ...args: ReadonlyArray<string>) =>
        Pgq.run(["enqueue", "a", payload, "--unique", "u", ...args, ...flags])
      const ends = yield* Effect.all([
        enqueue("1"),
        enqueue("2", "--within", "1h"),
        enqueue("3", "--mode", "replace", "--within", "1h"),
        enqueue("4", "--mode", "reject"),
        Pgq.run(["enqueue", "--from", "-", ...flags], {
          stdin:
            "{\"name\": \"a\", \"uniqueKey\": \"u\", \"payload\": 5, \"mode\": \"replace\"}\n" +
            "{\"name\": \"a\", \"uniqueKey\": \"v\"}\n{\"name\": \"a\"}"
        }),
        Pgq.run(["enqueue", "--from", "-", ...flags], {
          stdin: "{\"name\": \"a\"}\n{\"name\": \"a\", \"uniqueKey\": \"v\", \"mode\": \"reject\"}"
        }),
        Pgq.run(["enqueue", "--from", "-", ...flags], {
          stdin: "{\"name\": \"a\", \"mode\": \"reject\"}"
        }),
        enqueue("6", "--debounce", "1h", "--max-wait", "1d")
      ])
      const jobs = yield* sql<{ id: string; payload: string; key: string; is_late: boolean }>`
        SELECT id::text, payload::text, unique_key AS key, run_at IS NOT NULL AS is_late
        FROM ${table("jobs")} AS jobs ORDER BY jobs.id
      `
      const [first, second, third] = jobs.map(({ id }) => id)

      assert.deepStrictEqual(ends.map(({ code }) => code), [0, 0, 0, 1, 0, 1, 1, 0])
      assert.deepStrictEqual(
        ends.map(({ stdout }) => stdout.trim()),
        [first, first, first, "", `${first}\n${second}\n${third}`, "", "", first]
      )
      assert.include(ends[3]!.stderr, `job ${first} of the kind "a" has the same unique key`)
      assert.include(ends[5]!.stderr, `job ${second} of the kind "a" has the same unique key`)
      assert.include(ends[6]!.stderr, "-:1: mode goes with uniqueKey")
      assert.deepStrictEqual(jobs.map(({ is_late, key, payload }) => [payload, key, is_late]), [
        ["6", "u", true],
        ["{}", "v", false],
        ["{}", null, false]
      ])
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
