/**
 * Leases that end without harm to their jobs, and leases that do not end yet.
 *
 * Tests `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { held, options, unfinished } from "../Live.ts"

layer(PgQueue.layer, options)("a lease", (it) => {
  it.effect("outlives its worker's time right after a start of the server", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})
      yield* claim({ queue, worker })
      // This is the state right after a start of the server: the worker's lease has run out, but
      // the server has not been up for the length of a lease.
      yield* sql`
        UPDATE pgq.workers SET lease_until = now() - interval '1 second',
          lease = now() - pg_postmaster_start_time() + interval '1 hour'
        WHERE id = ${worker}::uuid
      `

      assert.strictEqual(yield* Scheduler.use(({ rescue }) => rescue), 0)

      assert.deepStrictEqual(yield* held(queue), { leased: 1, workers: 1 })
    }))

  it.effect("goes back whole and unblemished when its worker leaves", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {}, { key: "k" }, { key: "k" })
      yield* claim({ queue, worker, perLaneMax: 1 })

      yield* WorkerRegistry.use((registry) => registry.leave(worker))

      const jobs = yield* unfinished(queue)
      assert.isTrue(jobs.every((job) => job.failures === 0 && job.crash_count === 0))
      assert.deepStrictEqual(yield* held(queue), { leased: 0, workers: 0 })
      const again = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 1 })
      assert.lengthOf(again, 3)
    }))

  it.effect("is handed back when the answer to its claim was lost", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {}, { key: "k" }, { key: "k" })
      yield* claim({ queue, worker, perLaneMax: 1 })

      const found = yield* WorkerRegistry.use((registry) => registry.reconcile(worker, []))

      assert.deepStrictEqual(found, { released: 3, gone: [] })
      assert.isTrue((yield* unfinished(queue)).every(({ crash_count }) => crash_count === 0))
      assert.lengthOf(yield* claim({ queue, worker, perLaneMax: 1 }), 3)
    }))
})
