/**
 * The outcome of a job is found in a long history without a walk through it.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Work from "./Work.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("an outcome", (it) => {
  it.effect("is found, or is not, in a few pages of the history", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      yield* session.sql`
        INSERT INTO pgq.finished_jobs
          (id, created_at, finished_at, priority, attempt, outcome, queue, name, payload)
        SELECT n, now(), now(), 0, 1,
               (ARRAY['completed', 'completed', 'completed', 'failed', 'cancelled'])[n % 5 + 1],
               'q', 'test', '{}'
        FROM generate_series(1, 300000) AS n
      `
      // An index of this kind learns of new pages by a vacuum, as autovacuum makes one.
      yield* session.sql.unsafe("VACUUM pgq.finished_jobs").unprepared
      const asked = {
        "150000": "completed",
        "150003": "failed",
        "150004": "cancelled",
        "-1": "unknown"
      }
      for (const when of ["never analysed", "analysed"]) {
        for (const [id, outcome] of Object.entries(asked)) {
          for (
            const ask of [
              session.sql<{ outcome: string }>`SELECT pgq.ended_as(${id}::bigint) AS outcome`,
              session.sql<{ outcome: string }>`SELECT pgq.cancel(${id}::bigint) AS outcome`
            ]
          ) {
            yield* session.begin
            const work = yield* Work.measure(session, ask)
            const [row] = yield* ask
            yield* session.commit

            assert.deepStrictEqual(row, { outcome })
            assert.isAtMost(work.pages, 400, `${when}: ${JSON.stringify(work)}`)
          }
        }
        yield* session.sql.unsafe("ANALYZE").unprepared
      }
    }))
})
