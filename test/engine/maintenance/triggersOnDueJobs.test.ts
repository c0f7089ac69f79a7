/**
 * A guest trigger on `jobs` may keep due jobs from becoming ready. The other due jobs become ready
 * all the same.
 *
 * Tests `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { eventually, queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options } from "../Live.ts"

const promote = Scheduler.use((scheduler) => scheduler.promote)

/**
 * Adds jobs, each in a lane of its own, and waits until they are due: first `kept` jobs of priority
 * 1, then ten jobs of priority 0.
 */
const due = Effect.fnUntraced(function*(kept: number) {
  const sql = yield* PgClient.PgClient
  const queue = yield* queueName
  yield* sql`
    INSERT INTO pgq.jobs (queue, name, priority, run_at, serialization_key)
    SELECT ${queue}, 'test', priority, now() + make_interval(secs => 1.2 - 0.1 * priority), 'lane ' || n
    FROM (
      SELECT n, (n <= ${kept}::integer)::integer AS priority
      FROM generate_series(1, ${kept + 10}::integer) AS n
    ) AS numbered
  `
  yield* eventually(Effect.gen(function*() {
    const early = yield* sql`
      SELECT FROM pgq.jobs WHERE queue = ${queue} AND run_at > clock_timestamp() LIMIT 1
    `
    assert.lengthOf(early, 0)
  }))
  return queue
})

const waiting = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ kept: number; others: number }>`
    SELECT count(*) FILTER (WHERE priority = 1)::integer AS kept,
           count(*) FILTER (WHERE priority = 0)::integer AS others
    FROM pgq.jobs WHERE queue = ${queue} AND state = 'scheduled'
  `
  return row!
})

const markers = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  return (yield* sql`SELECT FROM pgq.dirty_lanes WHERE queue = ${queue}`).length
})

layer(PgQueue.layer, options)("due jobs that cannot be made ready", (it) => {
  for (
    const [how, body] of [
      ["refuses", "RAISE EXCEPTION 'not this one';"],
      ["keeps", "RETURN NULL;"]
    ] as const
  ) {
    for (const kept of [1, 1500]) {
      it.effect(`keep no others waiting: a trigger ${how} ${kept}`, () =>
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          const queue = yield* due(kept)
          yield* sql`DELETE FROM pgq.dirty_lanes WHERE queue = ${queue}`
          yield* sql.unsafe(`
            CREATE FUNCTION public.stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$
          `).unprepared
          yield* sql.unsafe(`
            CREATE TRIGGER stay BEFORE UPDATE ON pgq.jobs FOR EACH ROW
              WHEN (OLD.priority = 1) EXECUTE FUNCTION public.stay()
          `).unprepared
          for (let round = 0; round < 3000 && (yield* waiting(queue)).others > 0; round++) {
            yield* Effect.ignore(promote)
          }
          const left = yield* waiting(queue)
          const marked = yield* markers(queue)
          yield* sql.unsafe("DROP FUNCTION public.stay CASCADE")

          assert.deepStrictEqual(left, { kept, others: 0 })
          assert.strictEqual(marked, 10)
          yield* eventually(Effect.gen(function*() {
            yield* promote
            assert.deepStrictEqual(yield* waiting(queue), { kept: 0, others: 0 })
          }))
        }))
    }
  }
})
