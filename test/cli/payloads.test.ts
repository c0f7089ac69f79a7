/**
 * Payloads from the command line. A payload arrives in the table with every digit, or not at all.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const payloads: ReadonlyArray<string> = [
  "{\"n\": 12345678901234567890, \"f\": 1e400, \"d\": 1.10, \"z\": -0, \"t\": 1e-400}",
  "12345678901234567890",
  "0.1000000000000000055511151231257827",
  " [ 1.0 ,\t{ \"a\" : 1 , \"a\" : 2 } ]\r",
  "\"\\u00e9\\ud83d\\ude00\\\\u0000 \\\" } , : {\"",
  "null",
  "\"NULL\"",
  "{}",
  `${"[".repeat(2000)}1.50${"]".repeat(2000)}`
]

/** Payloads that only the database refuses. */
const unstorable: ReadonlyArray<readonly [payload: string, issue: string]> = [
  ["1e200000", "value overflows numeric format"],
  [`[${Array.from({ length: 9 }, () => "1e131071").join()}]`, "more than 1048576 bytes"],
  [`${"[".repeat(50_000)}${"]".repeat(50_000)}`, "stack depth limit exceeded"]
]

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("a payload", (it) => {
  it.effect("is stored as it was typed", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const lines = payloads.map((payload) => `{"payload" : ${payload}, "name": "b"}`)

      const ends = yield* Effect.forEach(
        payloads,
        (payload) => Pgq.run(["enqueue", "a", payload, ...flags])
      )
      const stdin = lines.join("\r\n")
      ends.push(yield* Pgq.run(["enqueue", "--from", "-", ...flags], { stdin }))

      assert.deepStrictEqual(ends.map(({ stderr }) => stderr), ends.map(() => ""))
      const stored = yield* sql<{ text: string }>`
        SELECT payload::text AS text FROM ${table("jobs")} ORDER BY id`
      const asPostgres = yield* sql<{ text: string }>`
        SELECT payload::jsonb::text AS text
        FROM unnest(${payloads}::text[]) WITH ORDINALITY AS given (payload, place) ORDER BY place`
      assert.deepStrictEqual(stored, [...asPostgres, ...asPostgres])
      assert.include(stored[0]?.text, "12345678901234567890")
      assert.include(stored[0]?.text, "1.10")
    }))

  it.effect.each(unstorable)(
    "that PostgreSQL refuses is refused with its line",
    ([text, issue]) =>
      Effect.gen(function*() {
        const { flags, table } = yield* Pgq.schema
        const sql = yield* PgClient.PgClient
        const { path, write } = yield* Pgq.folder
        const good = `{"name": "a"}\n`
        write("jobs.ndjson", `${good.repeat(1300)}{"name": "b", "payload": ${text}}\n${good}`)

        const one = yield* Pgq.run(["enqueue", "a", text, ...flags])
        const many = yield* Pgq.run(["enqueue", "--from", "jobs.ndjson", ...flags], { cwd: path })

        for (const { code, stderr, stdout } of [one, many]) {
          assert.match(stderr, /^pgq: [^\n]+\n$/)
          assert.include(stderr, issue)
          assert.deepStrictEqual([code, stdout], [1, ""])
        }
        assert.match(many.stderr, /^pgq: jobs\.ndjson:1301: /)
        assert.lengthOf(yield* sql`SELECT FROM ${table("jobs")}`, 0)
      })
  )

  it.effect("that is no text is refused with its line, and a byte order mark is none", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path } = yield* Pgq.folder
      const latin1 = Buffer.from(
        "{\"name\": \"a\"}\n{\"name\": \"b\", \"payload\": \"\xE9\"}",
        "latin1"
      )
      writeFileSync(join(path, "latin1"), latin1)
      writeFileSync(join(path, "utf16"), Buffer.from("\uFEFF{\"name\": \"a\"}", "utf16le"))
      writeFileSync(join(path, "marked"), "\uFEFF{\"name\": \"marked\"}\r\n")
      const fromStdin = ["sh", "-c", "exec \"$@\" <latin1", "sh"]
      const fromShell = ["sh", "-c", "exec \"$@\" \"$(printf '\"\\377\"')\"", "sh"]

      const ends = yield* Effect.all([
        Pgq.run(["enqueue", ...flags, "--from", "latin1"], { cwd: path }),
        Pgq.run(["enqueue", ...flags, "--from", "-"], { cwd: path, through: fromStdin }),
        Pgq.run(["enqueue", ...flags, "--from", "utf16"], { cwd: path }),
        Pgq.run(["enqueue", ...flags, "a"], { cwd: path, through: fromShell }),
        Pgq.run(["enqueue", ...flags, "--from", "marked"], { cwd: path }),
        Pgq.run(["enqueue", ...flags, "\uFFFD"])
      ])

      assert.deepStrictEqual(ends.map(({ code }) => code), [1, 1, 1, 2, 0, 0])
      assert.deepStrictEqual(ends.map(({ stderr }) => stderr), [
        "pgq: latin1:2: the line is not UTF-8\n",
        "pgq: -:2: the line is not UTF-8\n",
        "pgq: utf16:1: the line is not UTF-8\n",
        "pgq: argument 7 is not UTF-8\n",
        "",
        ""
      ])
      const names = yield* sql`SELECT name FROM ${table("jobs")} ORDER BY id`
      assert.deepStrictEqual(names, [{ name: "marked" }, { name: "\uFFFD" }])
    }))

  it.effect(
    "an argument that is not UTF-8 is named by its place, so that no password is shown",
    () =>
      Effect.gen(function*() {
        const url = "postgres://bob:hid\\344den@127.0.0.1:1/x"
        const through = ["sh", "-c", `exec "$@" "$(printf '${url}')"`, "sh"]

        const { code, stderr } = yield* Pgq.run(["check", "-c"], { through })

        assert.deepStrictEqual([code, stderr], [2, "pgq: argument 3 is not UTF-8\n"])
      })
  )

  it.effect("is refused where the line names it twice", () =>
    Effect.gen(function*() {
      const stdin = "{\"name\": \"a\", \"payload\": 1, \"p\\u0061yload\": 2}"

      const { code, stderr } = yield* Pgq.run(["enqueue", "--from", "-"], { stdin })

      assert.deepStrictEqual([code, stderr], [
        1,
        "pgq: -:1: \"payload\" stands twice in the line\n"
      ])
    }))
})
