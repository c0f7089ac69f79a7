/**
 * Every example runs as a process, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, copyFileSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Pgq from "./cli/Pgq.ts"
import { example, lines, node, onDatabase, onMigrated, root, run, runSql } from "./Examples.ts"
import * as Postgres from "./support/Postgres.ts"

describe("examples", { timeout: 120_000 }, () => {
  it.live("hello.ts greets", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("hello.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.sameMembers(lines(ended), ["hello world, job 1", "hello Ada, job 2"])
    }).pipe(onDatabase))

  it.live("errors.ts shows each rule", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("errors.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      const said = lines(ended)
      for (
        const line of [
          "charged flaky at try 2",
          "charged limited at try 1",
          "4 completed, 2 failed, 1 cancelled"
        ]
      ) assert.include(said, line)
      const sql = yield* PgClient.PgClient
      const ends = yield* sql`
        SELECT payload ->> 'order' AS id, outcome, attempt, failure ->> 'message' AS message
        FROM pgq.finished_jobs WHERE name = 'charge' ORDER BY id
      `
      assert.deepStrictEqual(ends.map((row) => Object.values(row).join(" ").trim()), [
        "declined failed 1 no funds",
        "flaky completed 2",
        "gone cancelled 0",
        "limited completed 1",
        "slow failed 1"
      ])
    }).pipe(onDatabase))

  it.live("cancel.ts cancels what waits and what runs", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("cancel.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), [
        "nobody wants Metropolis any more",
        "1 waited; the one that ran is Cancelled"
      ])
    }).pipe(onDatabase))

  it.live("expiry.ts sends no code that is out of date", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("expiry.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), ["a code to ada@example.com", "1 sent, 1 expired"])
    }).pipe(onDatabase))

  it.live("traces.ts runs a job in the trace of its request", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("traces.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), ["the bank has paid o-7", "traces: 1"])
    }).pipe(onDatabase))

  it.live("unique.ts keeps jobs that mean the same apart", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("unique.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), [
        "replaced, the same job",
        "replaced, merged, added, added, added",
        "job 8 of the kind \"load-file\" has the same unique key",
        "the digest is added"
      ])
    }).pipe(onDatabase))

  it.live("progress.ts watches a run", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("progress.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      const said = lines(ended)
      assert.isTrue(said.some((line) => /^running [1-9]\d* %$/.test(line)), said.join("\n"))
      assert.deepStrictEqual(said.slice(-2), ["completed 0 %", "its log says: imported 200 rows"])
    }).pipe(onDatabase))

  it.live("results.ts waits for values and errors", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("results.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.include(lines(ended), "paid 500, not paid 5000")
    }).pipe(onDatabase))

  it.live("enqueue.ts adds jobs of every sort", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("enqueue.ts"))

      assert.deepStrictEqual([ended.code, lines(ended)], [0, ["added 6 jobs"]], ended.stderr)
      const sql = yield* PgClient.PgClient
      const jobs = yield* sql`
        SELECT queue, name, state, serialization_key AS key, priority, count(*)::integer AS count
        FROM pgq.jobs GROUP BY 1, 2, 3, 4, 5 ORDER BY min(id)
      `
      assert.deepStrictEqual(jobs.map((job) => Object.values(job).join(" ")), [
        "default send-email ready  0 1",
        "default close-month waiting books 10 1",
        "default close-month scheduled books 0 1",
        "newsletter send-email ready  0 3"
      ])
    }).pipe(onMigrated))

  it.live("transaction.ts adds the jobs of committed transactions only", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("transaction.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), [
        "orders [{\"email\":\"ada@example.com\"}], jobs [{\"to\":\"ada@example.com\"}]"
      ])
    }).pipe(onMigrated))

  it.live("queues.ts works on three queues in two ways", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("queues.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.sameMembers(lines(ended), [
        "\"Welcome\" to ada@example.com, try 1",
        "\"Autumn\" to ada@example.com, try 1",
        "closed 2030-01",
        "books: 1 completed",
        "email: 1 completed",
        "newsletter: 1 completed"
      ])
    }).pipe(onDatabase))

  it.live("services.ts hands services to handlers, and stops", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("services.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      // The job may run before or after the program prints the status.
      assert.sameMembers([...lines(ended)], [
        "up to 5 jobs at once, mode row-lock",
        "mail to ada@example.com",
        "ended, 0 jobs left behind"
      ])
      assert.strictEqual(lines(ended).at(-1), "ended, 0 jobs left behind")
    }).pipe(onDatabase))

  it.live("usages.ts works in each way that it names", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("usages.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), ["\"Welcome\" to ada@example.com, try 1"])
    }).pipe(onDatabase))

  it.live("enqueue.sql and query.sql run as they stand", () =>
    Effect.gen(function*() {
      const added = yield* runSql("enqueue.sql")
      const found = yield* runSql("query.sql")

      assert.deepStrictEqual(added.slice(2), [
        ...[3n, 4n, 5n].map((enqueue) => [{ enqueue }]),
        [],
        [{ enqueue: 7n }],
        [{ id: 8n, outcome: "added" }],
        [],
        [{ unique_key: "\"u-7\"" }],
        [{ enqueue: 10n }]
      ])
      const states = found[0]!.map(({ count, state }) => `${state} ${count}`)
      assert.sameMembers(states, ["ready 6", "waiting 2", "scheduled 1"])
      const sql = yield* PgClient.PgClient
      const [settings] =
        yield* sql`SELECT keep_completed::text, keep_failed::text FROM pgq.settings`
      assert.deepStrictEqual(settings, { keep_completed: "00:00:00", keep_failed: "90 days" })
    }).pipe(onMigrated))

  it.live("alerts.sql finds what is wrong, and nothing else", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`INSERT INTO pgq.jobs (name, queue) VALUES ('new', 'fine')`
      yield* sql`
        INSERT INTO pgq.workers (id, label, host, pid, queues, mode, concurrency, lease, lease_until)
        VALUES (gen_random_uuid(), 'w', 'h', 1, '{fine,bad}', 'solo', 1, '15 s', now() + '1 day')
      `
      const well = yield* runSql("alerts.sql")
      assert.deepStrictEqual(well.map((rows) => rows.length), well.map(() => 0))

      yield* Effect.forEach(faults, (fault) => sql.unsafe(fault))
      const wrong = yield* runSql("alerts.sql")
      // The last alert stays silent, because no transaction can be open for ten minutes here.
      const isSilent = wrong.map((rows) => rows.length === 0)
      assert.deepStrictEqual([isSilent.length, isSilent.indexOf(true)], [10, 9])
    }).pipe(onMigrated))

  it.live("mount.ts serves the API beside the routes of a shop", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("mount.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.deepStrictEqual(lines(ended), ["200 the shop", "401", "200 {\"ids\":[\"1\"]}"])
    }).pipe(onMigrated))

  it.live("handler.ts answers requests for its host alone", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("handler.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      const [session = "", elsewhere] = lines(ended)
      assert.match(session, /^200 \{"actor":"staff","rights":\["read","payloads"\]/)
      assert.strictEqual(elsewhere, "421")
    }).pipe(onMigrated))

  it.live("api.sh asks the API with curl", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      chmodSync(write("pgq", `#!/bin/sh\nexec "${process.execPath}" "${Pgq.bin}" "$@"\n`), 0o755)
      const ended = yield* run(["bash", example("api.sh")], { cwd: path, path })

      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.match(ended.stdout, /^\{"actor":"\w+",.*\}\{"ids":\["1"\]\}$/)
    }).pipe(onMigrated))

  it.live("shell.sh goes from an empty database to a stopped queue", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      const files = ["jobs.ts", "Tasks.ts", "jobs.ndjson"]
      for (const name of files) copyFileSync(example(name), join(path, name))
      chmodSync(write("pgq", `#!/bin/sh\nexec "${process.execPath}" "${Pgq.bin}" "$@"\n`), 0o755)

      const ended = yield* run(["bash", example("shell.sh")], { cwd: path, path })

      assert.strictEqual(ended.code, 0, ended.stderr)
      for (
        const said of [
          /^1\n2\n3\n4\njob 2 waits\n {2}1\. scheduled: it is for later/m,
          /^queue default waits\n/m,
          /^2 edited\n3 discarded\n3 queued again$/m,
          /^2 cancelled\n0 cancelled, 0 stopping$/m,
          /^0 queued again$/m,
          /^ok {4}rights/m,
          /job 1 of world: {"arg0":"val0"}/,
          /"Welcome" to ada@example.com/,
          /closed 2030-01/,
          /kill -HUP +\d+/,
          /pgq \d+: up .*, mode row-lock/,
          /^queue +latency +ready +waiting/m,
          /info +stopped/
        ]
      ) assert.match(`${ended.stdout}\n${ended.stderr}`, said)
    }).pipe(onDatabase))
})

/** Statements that cause each fault that `alerts.sql` looks for, except a long transaction. */
const faults = [
  "INSERT INTO pgq.jobs (name, queue, created_at) VALUES ('old', 'none', now() - interval '1 hour')",
  "UPDATE pgq.workers SET late_since = now()",
  `INSERT INTO pgq.finished_jobs
     (id, created_at, claimed_at, finished_at, priority, attempt, outcome, queue, name, payload,
      lease_id)
   VALUES (99, now(), now(), now(), 0, 3, 'failed', 'bad', 'x', '{}', gen_random_uuid())`,
  "INSERT INTO pgq.jobs (name, queue, crash_count, unhandled_count) VALUES ('x', 'bad', 1, 1)",
  `INSERT INTO pgq.leases (worker_id, queue, claimed_at, job_ids)
   SELECT gen_random_uuid(), queue, now() - interval '2 hours', ARRAY[id] FROM pgq.jobs WHERE name = 'new'`,
  "ALTER TABLE pgq.jobs DISABLE TRIGGER USER",
  `INSERT INTO pgq.jobs (name, queue, state, serialization_key, run_at)
   VALUES ('x', 'bad', 'retry', 'a', 'infinity'),
     ('x', 'bad', 'scheduled', NULL, now() - interval '1 hour')`,
  "ALTER TABLE pgq.jobs ENABLE TRIGGER USER"
]

layer(Postgres.layer, { excludeTestServices: true })("index-files", (it) => {
  it.effect("indexes the installed effect package, each folder in order", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(node("index-files/main.ts"))

      const files = sourceFiles(join(root, "node_modules", "effect"))
      const folders = new Set(files.map((file) => join(file, ".."))).size
      const sizes = files.map((file) => statSync(file).size)
      const bytes = sizes.reduce((sum, size) => sum + size, 0)
      assert.strictEqual(code, 0, stderr)
      assert.isAbove(files.length, 1000)
      const [indexed = "", tour] = stdout.split("\n\nand besides:\n")
      const [head, ...rows] = indexed.split("\n").map((line) => line.split(/ {2,}/))
      const [speed, total, , ...each] = rows.toReversed()
      assert.strictEqual(head?.join(" "), "folder files lines words bytes imports copies order")
      assert.strictEqual(each.filter((row) => row.at(-1) === "verified").length, folders)
      assert.deepStrictEqual(
        [total![1], total![4], total!.at(-1)],
        [grouped(files.length), grouped(bytes), `${folders} of ${folders} verified`]
      )
      assert.match(
        speed![0]!,
        new RegExp(
          `^${grouped(files.length + folders)} jobs in [\\d.]+ s: [\\d,]+ jobs per second$`
        )
      )
      assert.match(stderr, /\d+ of \d+ jobs, \d running/)
      assert.strictEqual(
        tour,
        [
          "unique       offered three times: added, replaced, replaced; " +
          "one job ran, with change 3",
          "cancelled    a run that would never end was interrupted; its job is cancelled",
          "typed error  its error Busy said when to try again: done in run 3, which is attempt 1",
          "awaited      1 + 2 = 3, from the worker",
          "",
          "in a browser: npm start -- --stay",
          ""
        ].join("\n")
      )
    }))

  it.effect("is not disturbed by a run that was killed", () =>
    Effect.gen(function*() {
      const killed = yield* run(node("index-files/main.ts"), { until: /\d+ jobs: \d+ files/ })
      const { code, stderr, stdout } = yield* run(node("index-files/main.ts", "src"))

      assert.deepStrictEqual([killed.code, killed.stdout], [null, ""])
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /(\d+) of \1 verified/)
    }))

  it.effect("makes its schema anew where another version has made it", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`UPDATE pgq_index_files.migrations SET checksum = 'another' WHERE id = 1`
      const { code, stderr, stdout } = yield* run(node("index-files/main.ts", "src"))

      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /(\d+) of \1 verified/)
    }))

  it.effect("says in one line why it cannot", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(node("index-files/main.ts", "/nowhere"))

      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.match(stderr, /^index-files: .*\/nowhere.*\n$/m)
    }))
})

const sourceFiles = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[cm]?[jt]sx?$/.test(name))
    .map((name) => join(folder, name))

const grouped = (count: number): string => count.toLocaleString("en-US")
