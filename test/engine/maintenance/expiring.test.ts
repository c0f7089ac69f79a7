/**
 * Jobs that expire, beside a worker and after an outage.
 *
 * Tests `src/layers/worker/Maintenance.ts` and `sql/0015_expiry.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgScheduler from "../../../src/layers/postgres/PgScheduler.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { eventually, queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { finishedAll, millis, options, producer, start } from "../Live.ts"

const Tick = Job.make("tick")

const expire = Scheduler.use((scheduler) => scheduler.expire).pipe(
  Effect.provide(PgScheduler.layer({ schema: PgQueue.schema }))
)

/** Adds jobs whose time is over since long. */
const late = Effect.fnUntraced(function*(queue: string, count: number) {
  const sql = yield* PgClient.PgClient
  yield* sql`
    INSERT INTO pgq.jobs (queue, name, expires_at, serialization_key)
    SELECT ${queue}, 'tick', '2001-01-01', CASE WHEN n % 2 = 0 THEN 'k' || n % 100 END
    FROM generate_series(1, ${count}::integer) AS n
  `
})

const counts = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ outcome: string; n: number }>`
    SELECT outcome, count(*)::integer AS n FROM pgq.finished_jobs
    WHERE queue = ${queue} GROUP BY outcome
  `
  return Object.fromEntries(rows.map(({ n, outcome }) => [outcome, n]))
})

layer(producer, options)("a job that expires", (it) => {
  it.effect("ends at its time, though its worker is busy elsewhere", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const [queue, nobodys] = [yield* queueName, yield* queueName]
      yield* start(Tick.toLayer(() => {}), { queues: [queue] })
      // The first look has found nothing, so only a hint tells of the jobs in time.
      yield* enqueue(Tick, undefined, { queue })
      yield* finishedAll(queue, 1)

      for (const expiresIn of ["1500 millis", "300 millis", "1 second"] as const) {
        yield* enqueue(Tick, undefined, { queue: nobodys, expiresIn })
      }

      yield* eventually(Effect.gen(function*() {
        assert.deepStrictEqual(yield* counts(nobodys), { expired: 3 })
      }))
      const [row] = yield* sql<{ early: number; late: number }>`
        SELECT min(lag)::float8 AS early, max(lag)::float8 AS late FROM (
          SELECT extract(epoch FROM finished_at - created_at)
                 - (ARRAY[1.5, 0.3, 1])[row_number() OVER (ORDER BY id)] AS lag
          FROM pgq.finished_jobs WHERE queue = ${nobodys}
        ) AS job
      `
      assert.isAtLeast(row!.early, -0.001)
      assert.isBelow(row!.late, 1)
    }))

  it.effect("is not started after an outage: the worker sweeps before it claims", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ran: Array<bigint> = []
      yield* late(queue, 3000)
      const fresh = yield* enqueue(Tick, undefined, { queue, priority: -1, expiresIn: "1 hour" })

      yield* start(Tick.toLayer((_, { id }) => void ran.push(id)), { queues: [queue], workers: 50 })
      yield* finishedAll(queue, 3001)

      assert.deepStrictEqual(ran, [fresh])
      assert.deepStrictEqual(yield* counts(queue), { expired: 3000, completed: 1 })
    }))

  it.effect("is one of many: they end in short steps", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* late(queue, 20_000)

      const steps: Array<number> = []
      let expired = 0
      let last = { isBehind: true, expired: 0 }
      while (last.isBehind) {
        const since = yield* millis
        last = yield* expire
        steps.push((yield* millis) - since)
        expired += last.expired
        assert.isAtMost(last.expired, 1000)
      }

      assert.strictEqual(expired, 20_000)
      assert.isBelow(steps.toSorted((a, b) => a - b)[steps.length / 2 | 0]!, 250)
    }))

  it.effect("ends though a guest trigger keeps another that has expired", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* late(queue, 40)
      const [kept] = yield* sql<{ id: bigint }>`
        SELECT id FROM pgq.jobs WHERE queue = ${queue} ORDER BY id LIMIT 1 OFFSET 17
      `
      yield* sql`
        CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''not this one''; END'
      `.unprepared
      yield* sql.unsafe(`
        CREATE TRIGGER keep BEFORE DELETE ON pgq.jobs FOR EACH ROW WHEN (OLD.id = ${kept!.id})
        EXECUTE FUNCTION public.keep()
      `).unprepared

      const first = yield* expire
      yield* sql`DROP TRIGGER keep ON pgq.jobs`.unprepared
      yield* sql`UPDATE pgq.expiries SET at = '2001-01-01' WHERE job_id = ${kept!.id}`
      const second = yield* expire

      assert.deepStrictEqual([first.expired, second.expired], [39, 1])
      assert.isFalse(first.isBehind)
      assert.isAtMost(Duration.toSeconds(first.next!), 5)
    }))

  it.effect("is found after a restore without triggers", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* late(queue, 1)
      yield* sql`INSERT INTO pgq.jobs (queue, name, expires_at) VALUES (${queue}, 'tick', 'infinity')`
      yield* sql`DELETE FROM pgq.expiries`
      assert.strictEqual((yield* expire).expired, 0)

      yield* sql`SELECT pgq.mend()`

      assert.strictEqual((yield* expire).expired, 1)
      assert.deepStrictEqual(yield* sql`SELECT job_id FROM pgq.expiries`, [])
    }))
})
