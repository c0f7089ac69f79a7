/**
 * The waiting jobs of graphile-worker move into pgq, as docs/guides/moving.md shows it.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import * as Peer from "./Peer.ts"

const canRun = Peer.isInstalled && Peer.hasPsql

const moved = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<Record<string, unknown>>`
    SELECT payload ->> 'n' AS n, name, priority, serialization_key AS key, failures, max_attempts,
           state, run_at > now() + interval '50 minutes' AS is_later, error
    FROM pgq.jobs ORDER BY id
  `
  return rows.map((row) => Object.values(row).map((value) => value ?? "").join(" ").trim())
})

const left = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ job: string }>`
    SELECT task_identifier || ' ' || coalesce(queue_name, '') AS job
    FROM graphile_worker.jobs ORDER BY id
  `
  return rows.map(({ job }) => job.trim())
})

const staying = ["hold busy", "hold busy", "break", "mail"]

describe.skipIf(!canRun)(
  canRun
    ? "moving from graphile-worker"
    : "moving from graphile-worker: skipped, for it or psql is not installed",
  () => {
    it.live("moves the waiting jobs, once, and gives them back", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase
        yield* Peer.fill("graphile.mjs", url)
        const all = yield* left

        const session = yield* Session.open
        yield* session.begin
        yield* session.sql`
          SELECT FROM graphile_worker._private_jobs WHERE payload::text = '{"n":21}' FOR UPDATE
        `
        const dry = yield* Peer.run("graphile-dry-run")
        yield* session.rollback

        assert.deepStrictEqual(dry, [
          "task | verdict | jobs",
          "bill | stays: another job of its queue does | 2",
          "break | stays: it has failed for good | 1",
          "flaky | moves | 1",
          "hold | stays: a job of its queue runs | 1",
          "hold | stays: it runs | 1",
          "mail | moves | 5",
          "mail | stays: it is new, or locked | 1",
          "mail | stays: its payload does not fit | 1",
          "A dry run: nothing has moved."
        ])
        assert.deepStrictEqual([yield* moved, yield* left], [[], all])

        const first = yield* Peer.run("graphile-move")
        assert.includeMembers(first, ["bill | moves | 2", "mail | moves | 6", "flaky | moves | 1"])
        const jobs = yield* moved
        assert.deepStrictEqual(jobs, [
          "14 mail 0  0 7 ready",
          "10 mail 0  0 25 ready",
          "11 mail -5  0 25 ready",
          "12 mail 5  0 25 ready",
          "20 bill 0 customer-7 0 25 waiting",
          "21 mail 0 customer-7 0 25 waiting",
          "22 bill 1 customer-7 0 25 waiting",
          "3 flaky 0  1 5 scheduled true once",
          "13 mail 0  0 25 scheduled true"
        ])
        assert.deepStrictEqual(yield* left, staying)

        const again = yield* Peer.run("graphile-move")
        assert.deepStrictEqual(again.filter((line) => line.includes("moves")), [])
        assert.deepStrictEqual([yield* moved, yield* left], [jobs, staying])

        const sql = yield* PgClient.PgClient
        yield* sql`UPDATE pgq.jobs SET failures = 1 WHERE payload ->> 'n' = '10'`
        assert.deepStrictEqual(yield* Peer.run("graphile-undo"), [
          "task | moved back",
          "bill | 2",
          "flaky | 1",
          "mail | 5"
        ])
        assert.deepStrictEqual(yield* moved, ["10 mail 0  1 25 ready"])
        assert.sameMembers(yield* left, all.toSpliced(all.indexOf("mail"), 1))
        yield* sql`UPDATE pgq.jobs SET failures = 0`
        yield* Peer.run("graphile-move")
        const attempts = ["3 flaky 0  0 5 scheduled true"]
        assert.sameMembers(yield* moved, [
          ...jobs.filter((job) => !job.startsWith("3")),
          ...attempts
        ])

        const starts = yield* Peer.runAll(["default"], ["mail", "bill", "flaky"])
        const order = (key?: string) =>
          starts.filter((start) => start.key === key).map(({ n }) => n)
        assert.deepStrictEqual(order("customer-7"), [22, 20, 21])
        assert.sameMembers(order(), [10, 11, 12, 14])
        assert.deepStrictEqual([order()[0], order().at(-1)], [12, 11])
      }).pipe(Effect.scoped, Effect.provide(PgQueue.database)), 120_000)
  }
)
