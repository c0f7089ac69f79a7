/**
 * A look at failures reads pages of the newest days, and no more of them than its bounds, whatever
 * the statistics are. It says how far back it went.
 *
 * Tests `src/layers/postgres/PgFailureReads.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Count from "../../src/domain/Count.ts"
import type { FailureGroups } from "../../src/domain/FailureGroups.ts"
import { bounds } from "../../src/layers/postgres/PgFailureReads.ts"
import * as PgInsight from "../../src/layers/postgres/PgInsight.ts"
import { Insight } from "../../src/services/Insight.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import * as Work from "./Work.ts"

/** Failed jobs, a millisecond apart, the last of them now. */
const failed = (count: number) => `
  INSERT INTO pgq.finished_jobs (
    id, created_at, finished_at, priority, attempt, outcome, queue, name, payload, error
  )
  SELECT n + 1000000000, now(), now() - interval '1 ms' * (${count} - n), 0, 1, 'failed', 'deep', 'test', '{}',
         'no ' || n
  FROM generate_series(1, ${count}) AS n
`

/** Jobs between two tries, and the runs of them that have failed, as far apart. */
const retried = (count: number) => `
  WITH job AS (
    INSERT INTO pgq.jobs (queue, name, state, run_at, failures)
    SELECT 'deep', 'test', 'scheduled', 'infinity', 1 FROM generate_series(1, ${count})
    RETURNING id
  ), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM job)
  INSERT INTO pgq.runs (
    job_id, attempt, queue, name, worker_id, claimed_at, ended_at, outcome, error
  )
  SELECT id, 1, 'deep', 'test', gen_random_uuid(), now(), now() - interval '1 ms' * (${count} - n),
         'retried', 'no ' || n
  FROM numbered ORDER BY n
`

const few = 1000
const many = 26_000

const shapes: Readonly<Record<string, ReadonlyArray<string>>> = {
  "nothing has failed": [],
  "few have failed, never analysed": [failed(few), retried(few)],
  "many have failed, analysed when few": ["ANALYZE", failed(many), retried(many)],
  "many have failed, analysed": ["ANALYZE"]
}

layer(PgQueue.database, { excludeTestServices: true, timeout: "2 minutes" })(
  "a look at failures",
  (it) => {
    for (const [shape, statements] of Object.entries(shapes)) {
      it.effect(`where ${shape}`, () =>
        Effect.gen(function*() {
          const session = yield* Session.open
          yield* change(statements)
          let found: FailureGroups | undefined
          const look = Insight.use((insight) => insight.failures({ queue: "deep" })).pipe(
            Effect.tap((groups) => Effect.sync(() => (found = groups))),
            Effect.provide(Layer.provide(
              PgInsight.layer({ schema: PgQueue.schema }),
              Layer.succeed(PgClient.PgClient, session.sql)
            ))
          )

          // The second look has the plans of the first.
          for (const _ of [1, 2]) {
            const work = yield* session.sql.withTransaction(Work.measure(session, look))

            const { jobs_pkey = 0, ...others } = work.indexes
            assert.deepStrictEqual([work.walked, others], [{}, {}])
            assert.isAtMost(jobs_pkey, bounds.rows)
            // Of a job between two tries, its index and its row.
            assert.isAtMost(work.pages, 2 * bounds.windows * bounds.pages + 4 * bounds.rows)
            assert.strictEqual(found?.isComplete, !shape.startsWith("many"))
            if (shape.startsWith("few")) {
              const [{ failed, unfinished } = {}] = found?.groups ?? []
              assert.deepStrictEqual([failed, unfinished], [Count.exact(few), Count.exact(few)])
            }
            assert.isAtMost(found?.looked ?? 0, 2 * bounds.rows)
          }
        }), 60_000)
    }

    it.effect("promises no more than it has seen", () =>
      Effect.gen(function*() {
        const insight = Insight.use((insight) => insight.failures()).pipe(
          Effect.provide(PgInsight.layer({ schema: PgQueue.schema }))
        )

        const { at, groups, since } = yield* insight

        assert.isAtMost(Date.parse(at) - Date.parse(since), 3_600_000)
        assert.deepStrictEqual(
          groups.map(({ failed, trend, week }) => [
            failed.precision,
            week.precision,
            trend
          ]),
          [["atLeast", "atLeast", "unknown"]]
        )
      }), 60_000)

    it.effect("ends where the role may not look", () =>
      Effect.gen(function*() {
        const session = yield* Session.openAt((yield* TestDatabase).adminUrl)
        yield* session.sql.unsafe("CREATE ROLE of_history LOGIN").unprepared
        yield* session.sql.unsafe("GRANT USAGE ON SCHEMA pgq TO of_history").unprepared
        yield* session.sql.unsafe("GRANT SELECT ON pgq.failed_jobs TO of_history").unprepared
        yield* session.sql.unsafe("SET ROLE of_history").unprepared
        const look = Insight.use((insight) => insight.failures()).pipe(
          Effect.provide(Layer.provide(
            PgInsight.layer({ schema: PgQueue.schema }),
            Layer.succeed(PgClient.PgClient, session.sql)
          ))
        )

        const { groups, isComplete, looked } = yield* look

        assert.deepStrictEqual([groups, isComplete, looked], [[], false, bounds.rows])
      }))
  }
)

/** Makes a shape without the triggers, which would set other states. Only a superuser may do so. */
const change = Effect.fnUntraced(function*(statements: ReadonlyArray<string>) {
  const { sql } = yield* Session.openAt((yield* TestDatabase).adminUrl)
  yield* sql.unsafe("SET session_replication_role = replica").unprepared
  for (const text of statements) yield* sql.unsafe(text).unprepared
})
