/**
 * A look at a lane reads no more of a long lane than it shows, for any statistics. A look at the
 * longest lanes reads a sample of a large table.
 *
 * Tests `src/layers/postgres/PgLaneReads.ts` and `src/layers/postgres/PgLongLanes.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PgInsight from "../../src/layers/postgres/PgInsight.ts"
import { pagesMax } from "../../src/layers/postgres/PgLongLanes.ts"
import { Insight } from "../../src/services/Insight.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import { mixed } from "./Shapes.ts"
import * as Work from "./Work.ts"

const counted = 1002
const shown = 51

/** The most entries that a look at a lane reads from each index. It may use no other index. */
const entriesMax: Readonly<Record<string, number>> = {
  jobs_lane: counted + 2 * shown + 10,
  jobs_head: 10,
  // The reason of the head counts the jobs that go before it.
  jobs_ready: 10,
  jobs_suspect: 10,
  jobs_pkey: 10,
  hours_pkey: 24,
  leases_queue: 10,
  workers_pkey: 10,
  pauses_pkey: 10,
  set_aside_pkey: 10
}

/** Tables with a row for each process or batch at work, which a look reads as a whole. */
const smallTables = ["leases", "pauses", "workers"]

/** A lane of 40,000 jobs in two priorities, among many short ones. */
const long = [
  mixed(40_000),
  `INSERT INTO pgq.jobs (queue, name, state, serialization_key, priority)
   SELECT 'deep', 'test', CASE n WHEN 1 THEN 'ready' ELSE 'waiting' END, 'long', n % 2
   FROM generate_series(1, 40000) AS n`
]

const shapes: Readonly<Record<string, ReadonlyArray<string>>> = {
  "analysed when empty, then full": ["ANALYZE", ...long],
  "analysed when full": ["ANALYZE"]
}

layer(PgQueue.database, { excludeTestServices: true, timeout: "2 minutes" })("a lane", (it) => {
  const given = Effect.fnUntraced(function*(statements: ReadonlyArray<string>) {
    const session = yield* Session.open
    yield* change(statements)
    const insight = Layer.provide(
      PgInsight.layer({ schema: PgQueue.schema }),
      Layer.succeed(PgClient.PgClient, session.sql)
    )
    return <A, E>(look: Effect.Effect<A, E, Insight>) => {
      const provided = Effect.provide(look, insight)
      return {
        answer: provided,
        work: session.sql.withTransaction(Work.measure(session, provided))
      }
    }
  })

  for (const [shape, statements] of Object.entries(shapes)) {
    it.effect(`at ${shape}`, () =>
      Effect.gen(function*() {
        const look = yield* given(statements)
        const lane = (after?: string) =>
          look(Insight.use((insight) => insight.lane({ queue: "deep", key: "long", after })))
        const first = yield* lane().answer
        const after = first.next ?? ""
        assert.deepStrictEqual(first.behindCount, { value: 1000, precision: "atLeast" })
        assert.deepStrictEqual((yield* lane(after).answer).behind.length, 50)

        for (const { work } of [lane(), lane(after)]) {
          const { indexes, walked } = yield* work
          const excess = Object.entries(indexes).filter(([index, entries]) =>
            entries > (entriesMax[index] ?? -1)
          )
          const tables = Object.keys(walked).filter((table) => !smallTables.includes(table))
          assert.deepStrictEqual([tables, excess], [[], []])
        }
      }), 60_000)
  }

  it.effect("is found among the longest by a sample", () =>
    Effect.gen(function*() {
      const look = yield* given([])
      const longest = look(Insight.use((insight) => insight.longestLanes))

      const { isSampled, items } = yield* longest.answer
      const { pages } = yield* longest.work

      assert.isTrue(isSampled)
      assert.deepInclude(items[0], { queue: "deep", key: "long", state: "ready" })
      const { precision, value } = items[0]!.behind
      assert.strictEqual(precision, "estimate")
      // The sample differs each time, and has about a fifth of the table or more.
      assert.isAbove(value, 3000)
      assert.isBelow(value, 100_000)
      assert.isAtMost(pages, pagesMax * 1.5 + 2000)
    }), 60_000)
})

/** Makes a shape without the triggers, which would set other states. Only a superuser may do so. */
const change = Effect.fnUntraced(function*(statements: ReadonlyArray<string>) {
  const { sql } = yield* Session.openAt((yield* TestDatabase).adminUrl)
  yield* sql.unsafe("SET session_replication_role = replica").unprepared
  for (const text of statements) yield* sql.unsafe(text).unprepared
})
