/**
 * `pgq cancel`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
import { Effect } from "effect"
export const setupJobs = (queue) => {
  queue.handle("quick", () => undefined)
  queue.handle("held", (_, { id }) => Effect.andThen(Effect.logInfo("id=" + id, "held"), Effect.never))
  queue.handle("deaf", (_, { id }) =>
    Effect.andThen(
      Effect.logInfo("id=" + id, "deaf"),
      Effect.uninterruptible(Effect.sleep("8 seconds"))
    ))
}
`

/** Starts a worker in the schema. */
const worker = Effect.fnUntraced(function*(flags: ReadonlyArray<string>) {
  const { path, write } = yield* Pgq.folder
  write("jobs.mjs", script)
  return yield* Pgq.spawn(["start", "-f", "jobs.mjs", ...flags], { cwd: path })
})

const add = (flags: ReadonlyArray<string>, ...args: ReadonlyArray<string>) =>
  Effect.map(Pgq.run(["enqueue", ...args, ...flags]), ({ stdout }) => stdout.trim())

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("cancel", (it) => {
  it.effect("ends jobs that wait, one line each, and says what it could not cancel", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const ready = yield* add(flags, "quick")
      const delayed = yield* add(flags, "quick", "--delay", "1h")

      const first = yield* Pgq.run(["cancel", ready, delayed, "--reason", "left", ...flags])
      const second = yield* Pgq.run(["cancel", ready, ...flags])
      const third = yield* Pgq.run(["cancel", ready, "9999999", ...flags])

      assert.strictEqual(first.stdout, `${ready} cancelled\n${delayed} cancelled\n`)
      assert.strictEqual(second.stdout, `${ready} cancelled before\n`)
      assert.strictEqual(third.stdout, `${ready} cancelled before\n9999999 unknown\n`)
      assert.deepStrictEqual([first.code, second.code, third.code], [0, 0, 1])
      assert.deepStrictEqual([first.stderr, second.stderr, third.stderr], ["", "", ""])
      const rows = yield* sql`SELECT outcome, error FROM ${table("finished_jobs")}`
      assert.deepStrictEqual(rows, [
        { outcome: "cancelled", error: "left" },
        { outcome: "cancelled", error: "left" }
      ])
    }))

  it.effect("stops a job that runs, and waits for its end", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const queue = yield* worker(flags)
      const quick = yield* add(flags, "quick")
      const held = yield* add(flags, "held")
      yield* queue.line(new RegExp(`id=${held} held`))

      const { code, stdout } = yield* Pgq.run(["cancel", held, quick, "--wait", "20s", ...flags])
      const again = yield* Pgq.run(["cancel", held, "--json", ...flags])

      assert.strictEqual(stdout, `${held} cancelled\n${quick} completed before\n`)
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(JSON.parse(again.stdout), [
        { id: held, answer: "finished", outcome: "cancelled" }
      ])
    }))

  it.effect("says that a job is stopping, and fails if it was to wait for the end", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const queue = yield* worker(flags)
      const deaf = yield* add(flags, "deaf")
      yield* queue.line(new RegExp(`id=${deaf} deaf`))

      const first = yield* Pgq.run(["cancel", deaf, ...flags])
      const second = yield* Pgq.run(["cancel", deaf, "--wait", "10ms", ...flags])
      const third = yield* Pgq.run(["cancel", deaf, "--wait", "20s", ...flags])

      assert.deepStrictEqual([first.stdout, first.code], [`${deaf} stopping\n`, 0])
      assert.deepStrictEqual([second.stdout, second.code], [`${deaf} stopping\n`, 1])
      assert.deepStrictEqual([third.stdout, third.code], [`${deaf} cancelled\n`, 0])
    }))

  it.effect("leaves a job that another transaction holds", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const id = yield* add(flags, "quick")
      const cancel = ["cancel", ...flags]

      const [one, all] = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`SELECT FROM ${table("jobs")} FOR UPDATE`
        return [
          yield* Pgq.run([...cancel, id]),
          yield* Pgq.run([...cancel, "--queue", "default", "--yes"])
        ] as const
      }))

      assert.deepStrictEqual([one.stdout, one.code], [`${id} held by another transaction\n`, 1])
      assert.strictEqual(all.stdout, "0 cancelled, 0 stopping, 1 held by other transactions\n")
      assert.strictEqual(all.code, 1)
    }))

  it.effect("cancels the jobs of a filter, if that is meant", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      for (const key of ["a", "a", "b"]) yield* add(flags, "quick", "--queue", "mail", "--key", key)
      yield* add(flags, "quick")
      const filter = ["cancel", "--queue", "mail", "--key", "a", ...flags]

      const refused = yield* Pgq.run(filter)
      const one = yield* Pgq.run([...filter, "--limit", "1", "--state", "waiting", "--yes"])
      const rest = yield* Pgq.run([...filter, "--yes", "--json"])

      assert.strictEqual(refused.code, 1)
      assert.match(refused.stderr, /^pgq: nothing was cancelled: [^\n]+ add --yes\n$/)
      assert.strictEqual(refused.stdout, "")
      assert.deepStrictEqual([one.stdout, one.code], ["1 cancelled, 0 stopping\n", 0])
      assert.deepStrictEqual(JSON.parse(rest.stdout), { cancelled: 1, stopping: 0, held: 0 })
      const left = yield* sql`
        SELECT serialization_key AS key FROM ${table("jobs")} AS jobs ORDER BY jobs.id
      `
      assert.deepStrictEqual(left, [{ key: "b" }, { key: null }])
    }))

  it.effect("says while it goes on how far it has come", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`INSERT INTO ${table("jobs")} (name) SELECT 'quick' FROM generate_series(1, 11000)`

      const { code, stderr, stdout } = yield* Pgq.run([
        "cancel",
        "--name",
        "quick",
        "--yes",
        ...flags
      ])

      assert.strictEqual(stdout, "11000 cancelled, 0 stopping\n")
      assert.match(stderr, /^(pgq: until now: \d+ cancelled, 0 stopping\n){2}$/)
      assert.strictEqual(code, 0)
    }))

  it.effect("refuses with one sentence what cannot be meant", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const mistakes = [
        [["9223372036854775808"], "the id 9223372036854775808 is not a bigint of 64 bits"],
        [["1", "--reason", "x".repeat(1001)], "the reason has 1001 characters; at most 1000 fit"],
        [["1", "--reason", ""], "the reason is empty"],
        [["--queue", "", "--yes"], "the queue's name is empty"]
      ] as const
      for (const [args, issue] of mistakes) {
        const { code, stderr, stdout } = yield* Pgq.run(["cancel", ...args, ...flags])
        assert.deepStrictEqual([code, stderr, stdout], [1, `pgq: ${issue}\n`, ""])
      }
    }))
})
