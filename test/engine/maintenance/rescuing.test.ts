/**
 * The jobs of dead workers are given back in batches, however many they are, and also after the
 * clock was set back.
 *
 * Tests `src/layers/postgres/PgScheduler.ts` and `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, queueName, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options } from "../Live.ts"

const rescue = Scheduler.use((scheduler) => scheduler.rescue)

/** Adds leases of 1,500 jobs each, all of one worker. Answers their queue. */
const abandoned = Effect.fnUntraced(function*(leases: number, worker: string) {
  const sql = yield* PgClient.PgClient
  const queue = yield* queueName
  yield* sql`
    INSERT INTO pgq.jobs (queue, name, serialization_key)
    SELECT ${queue}, 'test', CASE WHEN n % 1500 = 0 THEN 'lane ' || n END
    FROM generate_series(1, ${leases * 1500}::integer) AS n
  `
  yield* sql`
    INSERT INTO pgq.leases (worker_id, queue, job_ids)
    SELECT ${worker}::uuid, ${queue}, array_agg(id) FROM (
      SELECT id, row_number() OVER () % ${leases}::integer AS n FROM pgq.jobs WHERE queue = ${queue}
    ) AS numbered GROUP BY n
  `
  return queue
})

layer(PgQueue.layer, options)("the jobs of dead workers", (it) => {
  it.effect("go back some thousands at once, until there are none", () =>
    Effect.gen(function*() {
      const queue = yield* abandoned(10, crypto.randomUUID())
      const steps: Array<number> = []
      for (let step = yield* rescue; step > 0; step = yield* rescue) steps.push(step)

      assert.strictEqual(steps.reduce((sum, step) => sum + step, 0), 15_000)
      assert.isAtMost(Math.max(...steps), 5500)
      assert.lengthOf(yield* claim({ queue, worker: yield* workerOf(queue), limit: 1 }), 1)
    }))

  it.effect("go back when several rescue at once, each once", () =>
    Effect.gen(function*() {
      yield* abandoned(10, crypto.randomUUID())
      const all = Effect.gen(function*() {
        let rescued = 0
        for (let step = yield* rescue; step > 0; step = yield* rescue) rescued += step
        return rescued
      })
      const counts = yield* Effect.all([all, all, all], { concurrency: "unbounded" })

      assert.strictEqual(counts.reduce((sum, count) => sum + count), 15_000)
    }))

  it.effect("go back although one that holds few of them cannot be taken apart", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* abandoned(3, crypto.randomUUID())
      yield* sql.unsafe(`
        CREATE FUNCTION public.no_pills() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'not this one'; END $$
      `).unprepared
      yield* sql.unsafe(`
        CREATE TRIGGER no_pills BEFORE UPDATE ON pgq.jobs FOR EACH ROW
          WHEN (NEW.crash_count = 2) EXECUTE FUNCTION public.no_pills()
      `).unprepared
      yield* sql`
        UPDATE pgq.jobs SET crash_count = 1 WHERE id = (SELECT min(id) FROM pgq.jobs WHERE queue = ${queue})
      `
      let rescued = 0
      for (let round = 0; round < 100 && rescued < 3000; round++) {
        rescued += yield* Effect.orElseSucceed(rescue, () => 0)
      }
      yield* sql.unsafe("DROP FUNCTION public.no_pills CASCADE")

      assert.strictEqual(rescued, 3000)
      assert.strictEqual(yield* rescue, 1500)
    }))

  it.effect("are known for such although the only lease that is left cannot be taken apart", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const worker = yield* workerOf("test", "1 second")
      yield* abandoned(1, crypto.randomUUID())
      yield* sql`UPDATE pgq.workers SET lease_until = lease_until - lease WHERE id = ${worker}::uuid`
      yield* sql.unsafe(`
        CREATE FUNCTION public.no_pills() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'not this one'; END $$
      `).unprepared
      yield* sql.unsafe(`
        CREATE TRIGGER no_pills BEFORE UPDATE ON pgq.jobs FOR EACH ROW
          WHEN (NEW.crash_count = 1) EXECUTE FUNCTION public.no_pills()
      `).unprepared
      const state = sql<{ is_late: boolean }>`
        SELECT late_since IS NOT NULL AS is_late FROM pgq.workers WHERE id = ${worker}::uuid
      `
      const first = yield* Effect.exit(rescue)
      const late = yield* state
      yield* sql`UPDATE pgq.workers SET late_since = late_since - lease WHERE id = ${worker}::uuid`
      const second = yield* Effect.exit(rescue)
      const left = yield* state
      yield* sql.unsafe("DROP FUNCTION public.no_pills CASCADE")
      yield* rescue

      assert.deepStrictEqual([first._tag, second._tag], ["Failure", "Failure"])
      assert.deepStrictEqual([late, left], [[{ is_late: true }], []])
    }))

  for (const end of ["leave", "reportDead"] as const) {
    it.effect(`all go back when it is told to ${end}`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const worker = yield* workerOf("test")
        const queue = yield* abandoned(10, worker)
        yield* WorkerRegistry.use((registry) => registry[end](worker))

        const left = yield* sql`SELECT FROM pgq.leases WHERE queue = ${queue}`
        const known = yield* sql`SELECT FROM pgq.workers WHERE id = ${worker}::uuid`
        assert.deepStrictEqual([left.length, known.length], [0, 0])
      }))
  }

  it.effect("that a claim was not answered for all go back", () =>
    Effect.gen(function*() {
      const worker = yield* workerOf("test")
      yield* abandoned(10, worker)
      const answer = yield* WorkerRegistry.use((registry) => registry.reconcile(worker, []))

      assert.deepStrictEqual(answer, { released: 15_000, gone: [] })
    }))
})

layer(PgQueue.layer, options)("a clock that was set back", (it) => {
  it.effect("does not keep a dead worker's jobs", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const worker = yield* workerOf("test", "1 second")
      yield* abandoned(1, worker)
      const setBack = sql`
        UPDATE pgq.workers SET lease_until = lease_until + interval '1 hour',
                               late_since = late_since + interval '1 hour'
        WHERE id = ${worker}::uuid
      `
      const wait = sql`
        UPDATE pgq.workers SET late_since = late_since - lease * 0.5 WHERE id = ${worker}::uuid
      `

      yield* setBack
      const atFirstSight = yield* rescue
      // The worker is late by now, and the clock is set back again.
      yield* setBack
      const atSecondSight = yield* rescue
      yield* wait
      const atLast = yield* rescue

      assert.deepStrictEqual([atFirstSight, atSecondSight, atLast], [0, 0, 1500])
    }))
})
