/**
 * `pgq status`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Overview } from "../../src/domain/Overview.ts"
import { Verdict } from "../../src/domain/Verdict.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const Answer = Schema.Struct({ version: Schema.Literal(2), verdict: Verdict, ...Overview.fields })

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("status", (it) => {
  it.effect("says what is wrong, then how the queues are, for people and for programs", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient

      const empty = yield* Pgq.run(["status", ...flags])
      yield* sql`
        INSERT INTO ${table("jobs")} (queue, name, run_at)
        SELECT CASE WHEN n < 3 THEN 'mail' ELSE ${"books\u001B[31m"} END, 'a',
               CASE WHEN n > 1202 THEN now() + interval '1 hour' END
        FROM generate_series(1, 1203) AS n
      `
      yield* sql`
        INSERT INTO ${table("workers")}
          (id, label, host, pid, queues, mode, concurrency, lease, lease_until)
        VALUES (gen_random_uuid(), 'web', 'host-a', 7, '{mail}', 'row-lock', 5, '15 s',
                now() + interval '15 s')
      `
      const text = yield* Pgq.run(["status", ...flags])
      const json = yield* Pgq.run(["status", "--json", ...flags])

      assert.match(
        empty.stdout,
        /^good: all is well: 0 queues, 0 workers, 0 running\n\nqueue +latency .*\n\nworker +label/
      )
      const lines = text.stdout.split("\n").map((line) => line.replaceAll(/\d+(?:\.\d+)?m?s/g, "T"))
      assert.deepStrictEqual(lines.slice(0, 3), [
        "good: nobody works on books [31m: 1,200 jobs wait, the first for T",
        "  1. NoWorker: nobody works on books [31m: 1,200 jobs wait, the first for T",
        "     next: pgq start --queue 'books [31m' -f JOBS"
      ])
      assert.match(
        text.stdout,
        /^queue +latency  ready  waiting  running  slots  later  blocked  paused$/m
      )
      assert.match(text.stdout, /^books \[31m +\S+  1,200 +0 +0 +0 +1 +0 +0$/m)
      assert.match(text.stdout, /^mail +\S+ +2 +0 +0 +5 +0 +0 +0$/m)
      assert.match(text.stdout, /^host-a:7  web    mail    row-lock +5 +0 +\S+ +\S+$/m)
      const { queues, verdict } = Schema.decodeUnknownSync(Answer)(JSON.parse(json.stdout))
      assert.deepStrictEqual(queues.map(({ ready }) => ready?.value), [1200, 2])
      assert.deepStrictEqual(verdict.problems.map(({ code }) => code), ["NoWorker"])
      assert.deepStrictEqual([empty.code, text.code, json.code, text.stderr], [0, 0, 0, ""])
    }))

  it.effect("counts everything where that is wanted", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      yield* Pgq.run(["enqueue", "a", "--queue", "mail", ...flags])
      yield* Pgq.run(["enqueue", "a", "--delay", "1h", ...flags])

      const text = yield* Pgq.run(["status", "--exact", ...flags])
      const json = yield* Pgq.run(["status", "--exact", "--json", ...flags])

      assert.match(
        text.stdout,
        /^queue    ready  waiting  running  scheduled .*  cancelled  expired  discarded$/m
      )
      assert.match(text.stdout, /^default      0        0        0          1 /m)
      assert.match(text.stdout, /^mail         1        0        0          0 /m)
      assert.deepInclude(JSON.parse(json.stdout).exact, {
        queue: "mail",
        ready: 1,
        waiting: 0,
        running: 0,
        scheduled: 0,
        paused: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
        expired: 0,
        discarded: 0
      })
    }))

  it.effect("tells by its exit code whether all is well", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const check = ["status", "--check", ...flags]

      const good = yield* Pgq.run(check)
      yield* sql`
        INSERT INTO ${table("jobs")} (name, created_at) VALUES ('a', now() - interval '1 hour')
      `
      const bad = yield* Pgq.run(check)
      const unknown = yield* Pgq.run(["status", "--check", "-c", "host=/nowhere dbname=x"])
      const unfit = yield* Pgq.run(["status", "--check", ...flags.slice(0, -1), "not_there"])

      assert.deepStrictEqual([good.code, good.stdout.slice(0, 18)], [0, "good: all is well:"])
      assert.strictEqual(good.stdout.trim().split("\n").length, 1)
      assert.strictEqual(bad.code, 1)
      assert.match(bad.stdout, /^bad: nobody works on default: 1 job waits, the first for 1h 0m\n/)
      assert.deepStrictEqual([unknown.code, unknown.stderr], [2, ""])
      assert.match(unknown.stdout, /^unknown: .*cannot connect to .*\/nowhere/)
      assert.strictEqual(unfit.code, 2)
      assert.match(unfit.stdout, /^unknown: .*not_there/)
    }))

  it.effect("shows the workers with their names, those of a lost lease as late", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO ${table("workers")} (
          id, label, host, pid, queues, mode, concurrency, names, started_at, lease, lease_until
        ) VALUES
          (gen_random_uuid(), 'a', 'x', 1, '{mail,sms}', 'row-lock', 5, '{send,ask}',
           now() - interval '1 hour', '15 s', now() + interval '1 hour'),
          (gen_random_uuid(), 'b', 'y', 2, '{mail}', 'solo', 1, NULL, now(), '15 s',
           now() - interval '1 s')
      `

      const text = yield* Pgq.run(["workers", ...flags])
      const json = yield* Pgq.run(["workers", "--json", ...flags])

      assert.match(text.stdout, /^x:1 +a +mail,sms +row-lock +5 +0 +1h 0m +0ms +send,ask$/m)
      assert.match(text.stdout, /^y:2 +b +mail +solo +1 +0 +\S+ +late +any$/m)
      assert.containsSubset(JSON.parse(json.stdout), [
        { label: "a", names: ["send", "ask"], isLive: true },
        { label: "b", names: null, isLive: false, running: 0 }
      ])
    }))
})
