/**
 * The waiting jobs of pg-boss move into pgq, as docs/guides/moving.md shows it.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Peer from "./Peer.ts"

const canRun = Peer.isInstalled && Peer.hasPsql

const moved = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<Record<string, unknown>>`
    SELECT queue, payload ->> 'n' AS n, priority, serialization_key AS key, failures, max_attempts,
           state, run_at > now() + interval '50 minutes' AS is_later, error
    FROM pgq.jobs WHERE name = queue ORDER BY queue, id
  `
  return rows.map((row) => Object.values(row).map((value) => value ?? "").join(" ").trim())
})

const left = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ job: string }>`
    SELECT name || ' ' || (data ->> 'n') || ' ' || state AS job
    FROM pgboss.job WHERE data ? 'n' ORDER BY name, (data ->> 'n')::integer
  `
  return rows.map(({ job }) => job)
})

describe.skipIf(!canRun)(
  canRun ? "moving from pg-boss" : "moving from pg-boss: skipped, for it or psql is not installed",
  () => {
    it.live("moves the waiting jobs, once, and gives them back", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase
        yield* Peer.fill("pg-boss.mjs", url)
        const all = yield* left

        const dry = yield* Peer.run("pg-boss-dry-run")

        assert.deepStrictEqual(dry, [
          "name | verdict | jobs",
          "fifo | moves | 3",
          "fifo | stays: another job of its key does | 2",
          "fifo | stays: it has failed for good | 1",
          "fifo | stays: it runs | 1",
          "mail | moves | 5",
          "mail | stays: it has a group | 1",
          "mail | stays: it has failed for good | 1",
          "mail | stays: it runs | 1",
          "single | moves | 2",
          "A dry run: nothing has moved."
        ])
        assert.deepStrictEqual([yield* moved, yield* left], [[], all])

        assert.deepStrictEqual(yield* Peer.run("pg-boss-move"), dry.slice(0, -1))
        const jobs = yield* moved
        assert.deepStrictEqual(jobs, [
          "fifo 41 0 k 1 4 waiting  {\"message\": \"once\"}",
          "fifo 42 0 k 0 3 waiting",
          "fifo 43 0 k 0 3 waiting",
          "mail 3 0  1 5 scheduled true {\"message\": \"once\"}",
          "mail 10 0  0 3 ready",
          "mail 11 -5  0 3 ready",
          "mail 12 5  0 3 ready",
          "mail 13 0  0 3 scheduled true",
          "single 50 0 single 0 3 waiting",
          "single 51 0 single 0 3 waiting"
        ])
        const staying = [
          "fifo 30 active",
          "fifo 31 created",
          "fifo 32 failed",
          "fifo 33 created",
          "mail 1 active",
          "mail 2 failed",
          "mail 14 created"
        ]
        assert.deepStrictEqual(yield* left, staying)

        const again = yield* Peer.run("pg-boss-move")
        assert.deepStrictEqual(again.filter((line) => line.includes("moves")), [])
        assert.deepStrictEqual([yield* moved, yield* left], [jobs, staying])

        assert.deepStrictEqual(yield* Peer.run("pg-boss-undo"), [
          "name | moved back",
          "fifo | 3",
          "mail | 5",
          "single | 2"
        ])
        assert.deepStrictEqual([yield* moved, yield* left], [[], all])
        yield* Peer.run("pg-boss-move")
        assert.deepStrictEqual(yield* moved, jobs)

        const starts = yield* Peer.runAll(["mail", "fifo", "single"], ["mail", "fifo", "single"])
        const order = (key?: string) =>
          starts.filter((start) => start.key === key).map(({ n }) => n)
        assert.deepStrictEqual([order("k"), order("single")], [[41, 42, 43], [50, 51]])
        assert.deepStrictEqual(order(), [12, 10, 11])
      }).pipe(Effect.scoped, Effect.provide(PgQueue.database)), 120_000)
  }
)
