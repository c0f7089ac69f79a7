/**
 * A list of jobs reads the indexes that have few of them, or a window, for every shape of queue and
 * any statistics.
 *
 * Tests `src/layers/postgres/PgWaitingJobs.ts`, `src/layers/postgres/PgWaitingIds.ts` and
 * `src/layers/postgres/PgEndedJobs.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { JobSearch } from "../../src/domain/JobList.ts"
import * as PgInsight from "../../src/layers/postgres/PgInsight.ts"
import { Insight } from "../../src/services/Insight.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import { mixed } from "./Shapes.ts"
import * as Work from "./Work.ts"

const window = 50_000
const indexed = 20_001

/** The most entries that a search reads from each index, and from no other one. */
const searches: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "": { jobs_pkey: 100 },
  "42": { jobs_pkey: 5 },
  "id:1000..1200 error:none": { jobs_pkey: 250 },
  "error:none state:ready,waiting,running,scheduled,retry,blocked,paused": {
    jobs_pkey: window,
    jobs_ready: indexed,
    jobs_suspect: indexed,
    jobs_lane: indexed,
    jobs_due: indexed
  },
  "error:none": { jobs_pkey: window },
  "state:running": { jobs_pkey: 100 },
  "state:blocked": { jobs_due: indexed, jobs_pkey: window },
  "queue:none": { jobs_due: indexed, jobs_pkey: window, jobs_ready: 10, jobs_lane: 10 },
  "queue:none state:ready": { jobs_ready: 10, jobs_suspect: 10 },
  "queue:none state:waiting": { jobs_lane: 10 },
  "queue:deep state:ready": { jobs_ready: indexed, jobs_suspect: indexed, jobs_pkey: window },
  "key:\"lane 20\" state:ready,waiting": {
    jobs_head: 10,
    jobs_lane: 50,
    jobs_ready: 10,
    jobs_suspect: 10,
    set_aside_name: 10,
    leases_queue: 10,
    jobs_pkey: 10
  },
  "queue:deep key:\"lane 20\" state:ready,waiting": { jobs_head: 10, jobs_lane: 10, jobs_pkey: 10 },
  "outcome:completed name:none": {},
  "outcome:failed": {}
}

/** Each job with a row may be looked up in these. */
const lookUps: Readonly<Record<string, number>> = {
  workers_pkey: 10,
  set_aside_pkey: window,
  pauses_pkey: 100
}

/** Tables with a row for each process or batch at work, which a list reads as a whole. */
const smallTables = ["leases", "pauses", "workers", "set_aside"]

const hundredThousand = 100_000

const shapes: Readonly<Record<string, ReadonlyArray<string>>> = {
  "an empty queue": [],
  "never analysed": [mixed(hundredThousand)],
  "analysed when empty, then full": ["TRUNCATE pgq.jobs", "ANALYZE", mixed(hundredThousand)],
  "analysed when full": ["ANALYZE"]
}

/** Eight rows a page, of two days and of a day without a table. */
const history = (count: number, outcome: string, at: string) => `
  INSERT INTO pgq.finished_jobs (id, created_at, finished_at, priority, attempt, outcome, queue, name,
                                 payload)
  SELECT n, now(), ${at}, 0, 1, '${outcome}', 'deep', 'test',
         to_jsonb((SELECT string_agg(md5(n::text || m), '') FROM generate_series(1, 28) AS m))
  FROM generate_series(1, ${count}) AS n
`

/** The jobs of a state from an id down. */
const down = (state: string, from: number) =>
  Array.from({ length: from }, (_, n) => `${state} ${from - n}`)

layer(PgQueue.database, { excludeTestServices: true, timeout: "2 minutes" })("a list", (it) => {
  for (const [shape, statements] of Object.entries(shapes)) {
    it.effect(`at ${shape}`, () =>
      Effect.gen(function*() {
        const session = yield* Session.open
        yield* change(statements)
        const insight = Layer.provide(
          PgInsight.layer({ schema: PgQueue.schema }),
          Layer.succeed(PgClient.PgClient, session.sql)
        )
        const wrong: Array<unknown> = []
        for (const [query, entriesMax] of Object.entries(searches)) {
          const list = Insight.use((insight) => insight.jobs({ query })).pipe(
            Effect.provide(insight)
          )
          const work = yield* session.sql.withTransaction(Work.measure(session, list))
          const walked = Object.keys(work.walked).filter((table) => !smallTables.includes(table))
          const excess = Object.entries(work.indexes).filter(([index, entries]) =>
            entries > (entriesMax[index] ?? lookUps[index] ?? 0)
          )
          if (walked.length + excess.length > 0) wrong.push([query, walked, excess])
        }
        assert.deepStrictEqual(wrong, [])
      }), 60_000)
  }

  it.effect("reads the history in windows, from the newest day on", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      yield* change([
        "TRUNCATE pgq.jobs",
        "SELECT pgq.prune_completed() FROM generate_series(1, 10)",
        "SELECT pgq.prune_failed() FROM generate_series(1, 10)",
        history(20_000, "completed", "now()"),
        history(30, "completed", "now() - interval '2 days'"),
        history(20, "failed", "now()")
      ])
      const list = (search: JobSearch) =>
        Insight.use((insight) => insight.jobs(search)).pipe(
          Effect.provide(Layer.provide(
            PgInsight.layer({ schema: PgQueue.schema }),
            Layer.succeed(PgClient.PgClient, session.sql)
          ))
        )
      const measured = (search: JobSearch) =>
        session.sql.withTransaction(Work.measure(session, list(search)))

      // The newest pages are enough.
      const first = yield* measured({ query: "outcome:completed" })
      assert.isBelow(first.pages, 400)
      assert.deepStrictEqual([first.walked, first.indexes], [{}, {}])
      const bounded = yield* measured({ query: "outcome:completed name:none" })
      assert.isBelow(bounded.pages, 2400)

      const seen: Array<string> = []
      let after: string | undefined
      let parts = 0
      do {
        const page = yield* list({ query: "state:completed,failed id:1..40", after, limit: 7 })
        seen.push(...page.items.map(({ id, state }) => `${state} ${id}`))
        after = page.next ?? undefined
        parts++
      } while (after !== undefined)
      assert.sameMembers(seen, [
        ...down("completed", 40),
        ...down("failed", 20),
        ...down("completed", 30)
      ])
      assert.deepStrictEqual(seen.filter((one) => one.startsWith("failed")), down("failed", 20))
      assert.isAbove(parts, 90 / 7)
    }), 60_000)
})

/** Makes a shape without the triggers, which would set other states. Only a superuser may do so. */
const change = Effect.fnUntraced(function*(statements: ReadonlyArray<string>) {
  const { sql } = yield* Session.openAt((yield* TestDatabase).adminUrl)
  yield* sql.unsafe("SET session_replication_role = replica").unprepared
  for (const text of statements) yield* sql.unsafe(text).unprepared
})
