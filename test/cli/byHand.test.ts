/**
 * `pgq retry`, `pgq discard`, `pgq edit` and `pgq failed`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { eventually } from "../Given.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
export const setupJobs = (queue) => {
  queue.handle("charge", () => { throw new Error("card declined\\nby the bank") })
  queue.handle("held", () => new Promise(() => {}))
}
`

/** A schema with jobs "charge" that a worker has failed, and their ids. */
const withFailures = Effect.fnUntraced(function*(count: number) {
  const { flags, table } = yield* Pgq.schema
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ id: bigint }>`
    INSERT INTO ${table("jobs")} (name, max_attempts)
    SELECT 'charge', 1 FROM generate_series(1, ${count}) RETURNING id
  `
  const { path, write } = yield* Pgq.folder
  write("jobs.mjs", script)
  yield* Effect.gen(function*() {
    yield* Pgq.spawn(["start", "-f", "jobs.mjs", ...flags], { cwd: path })
    yield* eventually(Effect.gen(function*() {
      assert.lengthOf(yield* sql`SELECT FROM ${table("finished_jobs")}`, count)
    }))
  }).pipe(Effect.scoped)
  const finished = yield* sql<{ id: string }>`
    SELECT id::text FROM ${table("finished_jobs")} ORDER BY finished_at DESC, id DESC
  `
  return { flags, table, sql, ids: rows.map(({ id }) => String(id)), newest: finished }
})

const add = (flags: ReadonlyArray<string>, ...args: ReadonlyArray<string>) =>
  Effect.map(Pgq.run(["enqueue", ...args, ...flags]), ({ stdout }) => stdout.trim())

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("by hand", (it) => {
  it.effect("shows failed jobs, and tries them again", () =>
    Effect.gen(function*() {
      const { flags, ids, newest } = yield* withFailures(3)

      const shown = yield* Pgq.run(["failed", "--name", "charge", "--since", "1h", ...flags])
      const one = yield* Pgq.run(["failed", "--limit", "1", "--json", ...flags])
      const grouped = yield* Pgq.run(["failed", "--groups", "--name", "charge", ...flags])
      const groups = yield* Pgq.run(["failed", "--groups", "--since", "1h", "--json", ...flags])
      const first = yield* Pgq.run(["retry", ids[0]!, ...flags])
      const second = yield* Pgq.run(["retry", ids[0]!, "--json", ...flags])
      const third = yield* Pgq.run(["retry", ids[0]!, "9999999", ...flags])
      const refused = yield* Pgq.run(["retry", "--name", "charge", "--since", "1h", ...flags])
      const rest = yield* Pgq.run(
        ("retry --queue default --error declined --outcome failed --limit 10 --rate 1000/s " +
          "--priority 3 --max-attempts 2 --yes").split(" ")
          .concat(flags)
      )
      const empty = yield* Pgq.run(["failed", ...flags])
      const runs = yield* Pgq.run(["runs", ids[0]!, ...flags])
      const logs = yield* Pgq.run(["logs", ids[0]!, ...flags])
      const awaited = yield* Pgq.run(["await", ids[0]!, "--timeout", "50ms", ...flags])
      const inFull = yield* Pgq.run(["runs", ids[0]!, "--limit", "1", "--json", ...flags])

      const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
      const lines = newest.map(({ id }) =>
        `${id} charge failed ${time} after 1 attempt: Error: card declined[^\\n]*\\n`
      )
      assert.match(shown.stdout, new RegExp(`^${lines.join("")}$`))
      assert.match(logs.stdout, new RegExp(`^${time} 1 Error failed: Error: card declined\n  `))
      const [{ error, finishedAt, ...job }, ...others] = JSON.parse(one.stdout)
      assert.deepStrictEqual([job, ...others], [
        { id: newest[0]!.id, queue: "default", name: "charge", outcome: "failed", attempts: 1 }
      ])
      assert.match(error, /card declined\n/)
      assert.match(finishedAt, new RegExp(`^${time}$`))
      assert.match(grouped.stdout, /^name +1h +24h +7d +failed.+\ncharge +3 +3 +3 +3 +0 +new .+\n$/)
      assert.match(grouped.stdout, /Error: card declined\n$/)
      assert.deepInclude(JSON.parse(groups.stdout), { isComplete: true, hasMoreGroups: false })
      assert.deepStrictEqual([first.stdout, first.code], [`${ids[0]} queued again\n`, 0])
      assert.deepStrictEqual(JSON.parse(second.stdout), [{ id: ids[0], answer: "queued" }])
      assert.deepStrictEqual(
        [third.stdout, third.code],
        [`${ids[0]} queued already\n9999999 unknown\n`, 1]
      )
      assert.match(refused.stderr, /^pgq: nothing was queued again: [^\n]+ add --yes\n$/)
      assert.deepStrictEqual([refused.stdout, refused.code], ["", 1])
      assert.deepStrictEqual([rest.stdout, rest.code], ["2 queued again\n", 0])
      assert.deepStrictEqual([empty.stdout, empty.code], ["", 0])
      const run = String.raw`attempt 1 failed ${time} after \d+ ms: Error: card declined[^\n]*\n`
      assert.match(runs.stdout, new RegExp(`^${run}$`))
      assert.match(awaited.stderr, /^pgq: job \d+ has not ended in time\n$/)
      assert.deepStrictEqual([awaited.stdout, awaited.code], ["", 3])
      const [{ id, nextAt, outcome }] = JSON.parse(inFull.stdout)
      assert.deepStrictEqual({ id, nextAt, outcome }, {
        id: ids[0],
        nextAt: null,
        outcome: "failed"
      })
    }))

  it.effect("waits for a job, and prints its result", () =>
    Effect.gen(function*() {
      const { flags, ids, sql, table } = yield* withFailures(1)
      const ended = yield* Pgq.run(["await", ids[0]!, ...flags])
      const followed = yield* Pgq.run(["logs", ids[0]!, "-f", ...flags])
      const unknown = yield* Pgq.run(["await", "999999", ...flags])
      yield* sql`
        INSERT INTO ${table("results")} (job_id, name, value, expires_at)
        VALUES (777, 'add', '{"sum": 3}', now() + interval '1 day')
      `
      const result = yield* Pgq.run(["await", "777", ...flags])

      assert.match(ended.stderr, /^pgq: job \d+ failed: Error: card declined/)
      assert.deepStrictEqual([ended.stdout, ended.code], ["", 1])
      assert.match(followed.stdout, /^\S+ 1 Error failed: Error: card declined\n  /)
      assert.match(unknown.stderr, /^pgq: there is no job 999999, and no history of it\n$/)
      assert.deepStrictEqual([result.stdout, result.code], ["{\"sum\":3}\n", 0])
    }))

  it.effect("shows all that is known of a job", () =>
    Effect.gen(function*() {
      const { flags, ids: [id], sql, table } = yield* withFailures(1)
      const [added] = yield* sql<{ id: string }>`
        INSERT INTO ${table("jobs")} (name, queue, serialization_key, payload)
        VALUES ('mail', ${"a\u0007b"}, 'k', '{"n": 1e400}') RETURNING id::text
      `
      const waiting = added!.id

      const [failed, whole, new_, newWhole, unknown, wrong] = yield* Effect.all([
        Pgq.run(["show", id!, ...flags]),
        Pgq.run(["show", id!, "--json", ...flags]),
        Pgq.run(["show", waiting, ...flags]),
        Pgq.run(["show", waiting, "--json", ...flags]),
        Pgq.run(["show", "999999", ...flags]),
        Pgq.run(["show", "x", ...flags])
      ])

      assert.match(failed.stdout, new RegExp(`^job ${id} charge: failed\n\njob ${id} has ended\n`))
      assert.match(
        failed.stdout,
        /\n\nruns that did not complete:\n {2}attempt 1 failed .*card dec/
      )
      assert.match(failed.stdout, /\n\nlog:\n {2}\S+ 1 Error failed: Error: card declined\n {4}/)
      const { log, runs, why, ...job } = JSON.parse(whole.stdout)
      assert.deepStrictEqual(job, {
        id,
        name: "charge",
        state: "failed",
        queue: null,
        key: null,
        payload: null,
        progress: null
      })
      assert.deepStrictEqual([log.length, runs.length, why.verdict], [1, 1, "finished"])
      assert.match(
        new_.stdout,
        new RegExp(`^job ${waiting} mail: waiting\nqueue a b, key k\npayload {"n": 10{400}}\n\n`)
      )
      assert.include(JSON.parse(newWhole.stdout), { queue: "a\u0007b", key: "k", state: "waiting" })
      assert.match(unknown.stderr, /^pgq: there is no job 999999, and no history of it\n$/)
      assert.deepStrictEqual([unknown.stdout, unknown.code, wrong.code], ["", 1, 2])
    }))

  it.effect("adds a job and waits for it", () =>
    Effect.gen(function*() {
      const { flags, sql, table } = yield* withFailures(0)
      const asking = ["enqueue", "sum", "--await", ...flags]
      const late = yield* Pgq.run([...asking, "--timeout", "50ms"])
      const adding = yield* Effect.forkChild(Pgq.run([...asking, "--queue", "other"]))
      yield* eventually(Effect.gen(function*() {
        const ended = yield* sql`
          WITH job AS (DELETE FROM ${table("jobs")} WHERE queue = 'other' RETURNING id)
          INSERT INTO ${table("results")} (job_id, name, value, expires_at)
          SELECT id, 'sum', '3', now() + interval '1 day' FROM job RETURNING job_id
        `
        assert.lengthOf(ended, 1)
      }))
      const answered = yield* Fiber.join(adding)

      assert.match(late.stderr, /^pgq: job \d+ has not ended in time\n$/)
      assert.deepStrictEqual([late.stdout, late.code], ["", 3])
      assert.deepStrictEqual([answered.stdout, answered.stderr, answered.code], ["3\n", "", 0])
    }))

  it.effect("names the job that has the unique key of the one to try again", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const first = yield* add(flags, "charge", "--unique", "card-7")
      yield* Pgq.run(["cancel", first, ...flags])
      const second = yield* add(flags, "charge", "--unique", "card-7")

      const text = yield* Pgq.run(["retry", first, ...flags])
      const json = yield* Pgq.run(["retry", first, "--json", ...flags])
      const copied = yield* Pgq.run(["retry", first, "--as", "new", ...flags])

      const told = `${first} not queued: job ${second} has its unique key\n`
      assert.deepStrictEqual([text.stdout, text.code], [told, 1])
      assert.deepStrictEqual(JSON.parse(json.stdout), [
        { id: first, answer: "conflict", holder: second }
      ])
      assert.strictEqual(copied.stdout, told)
    }))

  it.effect("says while it goes on how far it has come", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO ${table("finished_jobs")}
          (id, created_at, finished_at, priority, attempt, outcome, queue, name, payload)
        SELECT n, now(), now(), 0, 1, 'failed', 'default', 'charge', '{}'
        FROM generate_series(1, 5500) AS n
      `

      const { code, stderr, stdout } = yield* Pgq.run(
        "retry --name charge --yes --json".split(" ").concat(flags)
      )

      assert.deepStrictEqual(JSON.parse(stdout), {
        redriven: 5500,
        conflicts: 0,
        held: 0
      })
      assert.match(stderr, /^(pgq: until now: \d+ queued again\n){1}$/)
      assert.strictEqual(code, 0)
    }))

  it.effect("lets a delayed job start, edits it, and discards it", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const id = yield* add(flags, "quick", "--delay", "1h")
      const look = Effect.map(
        sql`
          SELECT priority, payload, max_attempts, state,
                 extract(year FROM run_at)::integer AS year
          FROM ${table("jobs")} AS jobs WHERE jobs.id = ${id}::bigint
        `,
        ([row]) => row
      )
      const edit = (...args: ReadonlyArray<string>) => Pgq.run(["edit", id, ...args, ...flags])

      const started = yield* Pgq.run(["retry", id, ...flags])
      const edits = [
        yield* edit("--priority", "-5", "--payload", `{"n": 12345678901234567890}`),
        yield* edit("--run-at", "2099-01-31T09:00:00Z", "--max-attempts", "3")
      ]
      const [later, text] = [
        yield* look,
        yield* sql`SELECT payload::text FROM ${table("jobs")} AS jobs`
      ]
      const atOnce = yield* edit("--now", "--json")
      const ready = yield* look
      const discarded = yield* Pgq.run(["discard", id, ...flags])
      const again = [
        yield* Pgq.run(["discard", id, "9999999", ...flags]),
        yield* edit("--priority", "1")
      ]

      assert.deepStrictEqual([started.stdout, started.code], [`${id} starts at once\n`, 0])
      for (const { code, stdout } of edits) {
        assert.deepStrictEqual([stdout, code], [`${id} edited\n`, 0])
      }
      assert.deepInclude(later, { priority: -5, max_attempts: 3, state: "scheduled", year: 2099 })
      assert.deepStrictEqual(text, [{ payload: `{"n": 12345678901234567890}` }])
      assert.deepStrictEqual(JSON.parse(atOnce.stdout), [{ id, answer: "edited" }])
      assert.deepInclude(ready, { state: "ready", year: null })
      assert.deepStrictEqual([discarded.stdout, discarded.code], [`${id} discarded\n`, 0])
      assert.deepStrictEqual(
        again.map(({ code, stdout }) => [stdout, code]),
        [[`${id} discarded before\n9999999 unknown\n`, 1], [`${id} discarded before\n`, 1]]
      )
    }))

  it.effect("adds a job anew after a finished one", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const id = yield* add(flags, "unwanted")
      yield* Pgq.run(["discard", id, ...flags])

      const copied = yield* Pgq.run(["retry", id, "--as", "new", "--json", ...flags])
      const [{ newId, ...answer }] = JSON.parse(copied.stdout)
      const { code, stdout } = yield* Pgq.run(["retry", newId, id, "--as", "new", ...flags])

      assert.deepStrictEqual([answer, copied.code], [{ id, answer: "copied" }, 0])
      const [first, second] = stdout.split("\n")
      assert.strictEqual(first, `${newId} not added: it has not ended`)
      assert.match(second!, new RegExp(`^${id} added anew as \\d+$`))
      assert.strictEqual(code, 1)
    }))

  it.effect("adds a job like another one, but for what is given", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const payload = `{"n": 12345678901234567890}`
      const like = "--key k --priority 5 --queue mail --max-attempts 3".split(" ")
      const id = yield* add(flags, "first", payload, ...like)
      yield* Pgq.run(["discard", id, ...flags])

      const same = yield* add(flags, "--like", id)
      const other = yield* add(flags, "second", "{}", "--like", same, "--queue", "q", "--key", "j")
      const unknown = yield* Pgq.run(["enqueue", "--like", "9999999", ...flags])
      const wrong = yield* Pgq.run(["enqueue", "--like", id, "--max-attempts", "0", ...flags])

      const rows = yield* sql`
        SELECT id::text, name, payload::text, serialization_key AS key, priority, queue, max_attempts
        FROM ${table("jobs")} ORDER BY jobs.id
      `
      const values = { priority: 5, max_attempts: 3 }
      assert.deepStrictEqual(rows, [
        { id: same, name: "first", payload, key: "k", queue: "mail", ...values },
        { id: other, name: "second", payload: "{}", key: "j", queue: "q", ...values }
      ])
      assert.strictEqual(unknown.stderr, "pgq: there is no job 9999999, and no history of it\n")
      assert.deepStrictEqual([unknown.stdout, unknown.code], ["", 1])
      assert.match(wrong.stderr, /^pgq: [^\n]*number of attempts[^\n]*\n$/)
      assert.deepStrictEqual([wrong.stdout, wrong.code], ["", 1])
    }))

  it.effect("leaves jobs that run, or that another transaction holds", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      yield* Pgq.spawn(["start", "-f", "jobs.mjs", ...flags], { cwd: path })
      const running = yield* add(flags, "held")
      yield* eventually(Effect.gen(function*() {
        assert.lengthOf(yield* sql`SELECT FROM ${table("leases")}`, 1)
      }))
      const waiting = yield* add(flags, "held", "--delay", "1h")

      const [retry, discard, edit] = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`SELECT FROM ${table("jobs")} WHERE id = ${waiting}::bigint FOR UPDATE`
        return [
          yield* Pgq.run(["retry", running, waiting, ...flags]),
          yield* Pgq.run(["discard", running, waiting, ...flags]),
          yield* Pgq.run(["edit", waiting, "--now", ...flags])
        ] as const
      }))
      const late = yield* Pgq.run(["edit", running, "--priority", "1", ...flags])

      const held = `${waiting} held by another transaction\n`
      for (const { code, stdout } of [retry, discard]) {
        assert.deepStrictEqual([stdout, code], [`${running} running\n${held}`, 1])
      }
      assert.deepStrictEqual([edit.stdout, edit.code], [held, 1])
      assert.deepStrictEqual([late.stdout, late.code], [`${running} running\n`, 1])
    }))

  it.effect("refuses with one sentence what cannot be meant", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const id = "9223372036854775808"
      const mistakes = [
        [["retry", id], `the id ${id} is not a bigint of 64 bits`],
        [["discard", id], `the id ${id} is not a bigint of 64 bits`],
        [["edit", id, "--now"], `the id ${id} is not a bigint of 64 bits`],
        [["retry", "--queue", "", "--yes"], "the queue's name is empty"],
        [
          ["retry", "--queue", "mail", "--rate", "fast", "--yes"],
          "the rate is not a whole number from 1 to 1000000 with /s, /min or /h, such as 100/s"
        ],
        [["failed", "--name", ""], "the job's name is empty"],
        [
          ["edit", "1", "--max-attempts", "0"],
          "the number of attempts must be a whole number from 1 to 2147483647"
        ]
      ] as const
      for (const [args, issue] of mistakes) {
        const { code, stderr, stdout } = yield* Pgq.run([...args, ...flags])
        assert.deepStrictEqual([code, stderr, stdout], [1, `pgq: ${issue}\n`, ""])
      }
      const { code, stderr } = yield* Pgq.run(["edit", "1", "--payload", "{", ...flags])
      assert.match(stderr, /^pgq: the payload is not JSON: [^\n]+\n$/)
      assert.strictEqual(code, 1)
    }))
})
