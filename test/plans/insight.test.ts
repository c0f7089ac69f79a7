/**
 * A look at a schema reads the same indexes for every shape of queue and any statistics, and no
 * more rows than its counts go to.
 *
 * Tests `src/layers/postgres/PgQueueReads.ts` and `src/layers/postgres/PgLaterReads.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PgInsight from "../../src/layers/postgres/PgInsight.ts"
import { Insight } from "../../src/services/Insight.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import { mixed } from "./Shapes.ts"
import * as Work from "./Work.ts"

const countsUpTo = 100

/** The most entries that a look reads from each index. It may use no other index. */
const entriesMax: Readonly<Record<string, number>> = {
  // Leased jobs are skipped by the counts and by the first of a priority.
  jobs_ready: 3 * countsUpTo + 100,
  jobs_suspect: countsUpTo + 50,
  jobs_lane: 2 * countsUpTo,
  // Those for later, and those that have no time to start.
  jobs_due: 3 * countsUpTo,
  set_aside_name: countsUpTo + 10,
  set_aside_pkey: countsUpTo + 10,
  leases_queue: 100,
  pauses_pkey: 100,
  queues_pkey: 100,
  settings_pkey: 10,
  workers_pkey: 10,
  past_workers_pkey: 100
}

/** Tables with a row for each process or batch at work, which a look reads as a whole. */
const smallTables = ["leases", "pauses", "queues", "settings", "workers"]

const hundredThousand = 100_000

const shapes: Readonly<Record<string, ReadonlyArray<string>>> = {
  "an empty queue": [],
  "never analysed": [mixed(hundredThousand)],
  "analysed when full, then emptied": [
    "ANALYZE",
    "DELETE FROM pgq.jobs WHERE id % 1000 > 0",
    "VACUUM pgq.jobs"
  ],
  "analysed when empty, then full again": ["ANALYZE", mixed(hundredThousand)],
  "analysed when full": ["ANALYZE"],
  "many that never start": [
    `INSERT INTO pgq.jobs (queue, name, state, run_at)
     SELECT 'deep', 'test', 'scheduled', 'infinity' FROM generate_series(1, 10000)`,
    `INSERT INTO pgq.set_aside (job_id, queue, name)
     SELECT id, queue, name FROM pgq.jobs WHERE run_at = 'infinity'`
  ],
  "many suspects": [
    "UPDATE pgq.jobs SET crash_count = 1 WHERE state = 'ready'",
    // Dead entries count, too.
    "VACUUM pgq.jobs"
  ]
}

layer(PgQueue.database, { excludeTestServices: true, timeout: "2 minutes" })("a look", (it) => {
  for (const [shape, statements] of Object.entries(shapes)) {
    it.effect(`at ${shape}`, () =>
      Effect.gen(function*() {
        const session = yield* Session.open
        yield* change(statements)
        const look = Insight.use((insight) => insight.overview({ countsUpTo })).pipe(
          Effect.provide(Layer.provide(
            PgInsight.layer({ schema: PgQueue.schema }),
            Layer.succeed(PgClient.PgClient, session.sql)
          ))
        )

        // The second look has the plans of the first.
        for (const _ of [1, 2]) {
          const work = yield* session.sql.withTransaction(Work.measure(session, look))
          const walked = Object.keys(work.walked).filter((table) => !smallTables.includes(table))
          const excess = Object.entries(work.indexes).filter(([index, entries]) =>
            entries > (entriesMax[index] ?? -1)
          )
          assert.deepStrictEqual([walked, excess], [[], []])
          assert.isAtMost(work.pages, 3000)
        }
      }), 60_000)
  }
})

/** Makes a shape without the triggers, which would set other states. Only a superuser may do so. */
const change = Effect.fnUntraced(function*(statements: ReadonlyArray<string>) {
  const { sql } = yield* Session.openAt((yield* TestDatabase).adminUrl)
  yield* sql.unsafe("SET session_replication_role = replica").unprepared
  for (const text of statements) yield* sql.unsafe(text).unprepared
})
