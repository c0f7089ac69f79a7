/**
 * The built command line with any input. It does its work, or ends by itself with one line that
 * names the mistake.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Pgq from "../cli/Pgq.ts"
import * as Postgres from "../support/Postgres.ts"
import { texts } from "./corpus/texts.ts"

const { "a mebibyte": _, ...short } = texts

/** The texts that a shell can pass on as an argument. */
const passable = Object.values(short).filter((text) => !text.includes("\0") && text.isWellFormed())

/** Asserts that a failure is one sentence, never a stack trace. */
const isSound = (ended: Pgq.Ended, what: string): void => {
  assert.include([0, 1, 2], ended.code, `${what}: ${ended.stderr}`)
  assert.notMatch(ended.stderr, /\n {4}at |Unhandled|FiberFailure|TypeError/, what)
  if (ended.code !== 0) assert.match(ended.stderr, /^pgq: [^\n]+\n$/, what)
}

const misused: ReadonlyArray<ReadonlyArray<string>> = [
  ["enqueue", "a", "{", "--key"],
  ["enqueue", "a", "{}", "--priority", "9".repeat(400)],
  ["enqueue", "a", "{}", "--delay", "-1s", "--run-at", "never"],
  ["enqueue", "--from", "/"],
  ["start", "-f", "\u202E.mjs", "-p", "/"],
  ["stop", "-p", "/dev/zero", "now"],
  ["status", "-c", `host='${"\\".repeat(50_000)}`],
  ["__proto__"]
]

layer(Postgres.layer, { excludeTestServices: true, timeout: "1 minute" })("pgq", (it) => {
  it.effect("adds a file of jobs of every text, and keeps each as it is", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const { write } = yield* Pgq.folder
      const sql = yield* PgClient.PgClient
      const keys = passable.filter((text) => text !== "" && Buffer.byteLength(text) <= 512)
      const lines = keys.map((key) => JSON.stringify({ name: "a", key, payload: { key } }))

      const ended = yield* Pgq.run(["enqueue", ...flags, "--from", write("a", lines.join("\n"))])

      isSound(ended, "enqueue")
      assert.lengthOf(ended.stdout.trim().split("\n"), keys.length)
      const rows = yield* sql<{ key: string; kept: string }>`
        SELECT serialization_key AS key, payload ->> 'key' AS kept FROM ${table("jobs")} ORDER BY id
      `
      assert.deepStrictEqual(rows.map(({ key }) => key), keys)
      assert.deepStrictEqual(rows.map(({ kept }) => kept), keys)
    }))

  it.effect("takes texts as arguments of one job", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const awkward = ["'; DROP TABLE jobs; -- 👨‍👩‍👧\u202E", "--help $(id) `x` %s"]
      for (const text of awkward) {
        const args = ["enqueue", ...flags, `--key=${text}`, "a", JSON.stringify(text)]
        isSound(yield* Pgq.run(args), text)
      }
    }))

  it.effect("says in one line what is wrong with its flags", () =>
    Effect.gen(function*() {
      const ended = yield* Effect.forEach(misused, (args) => Pgq.run(args), { concurrency: 2 })
      ended.forEach((each, index) => {
        const what = JSON.stringify(misused[index]).slice(0, 100)
        isSound(each, what)
        assert.isAbove(each.code ?? 0, 0, what)
      })
    }))
})
