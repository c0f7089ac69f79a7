/**
 * Workers that an operator asks to stop, from afar.
 *
 * Tests `src/layers/worker/Shutdown.ts` and `src/layers/worker/Heartbeat.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { eventually, queueName, workerOf } from "../../Given.ts"
import type * as LogLines from "../../support/LogLines.ts"
import { finished, options, producer, start } from "../Live.ts"

const Long = Job.make("long")

const lease = "1 second"

const idOf = (queue: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(
      sql<{ id: string }>`SELECT id::text FROM pgq.workers WHERE ${queue} = ANY (queues)`,
      ([row]) => row!.id
    )
  )

layer(producer, options)("a worker that an operator asks to stop", (it) => {
  it.effect("finishes its runs, starts no other, signs off, and says so once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const admin = yield* JobAdmin
      const [running, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const lines: Array<LogLines.LogLine> = []
      const handler = Long.toLayer(() =>
        Effect.andThen(Deferred.succeed(running, undefined), Deferred.await(go))
      )
      const worker = yield* start(handler, { queues: [queue], workers: 1, lease, lines })
      yield* enqueue(Long, undefined, { queue })
      yield* Deferred.await(running)
      yield* enqueue(Long, undefined, { queue })
      const id = yield* idOf(queue)

      const answers = [
        yield* admin.stopWorker(id, "finish"),
        yield* admin.stopWorker(id, "finish")
      ]
      const told = PgClient.PgClient.use((sql) =>
        sql`SELECT is_stopping FROM pgq.workers WHERE id = ${id}::uuid`
      )
      // A renewal heard of it, and the next one told that the worker stops.
      yield* eventually(
        Effect.map(told, (rows) => assert.deepStrictEqual(rows, [{ is_stopping: true }]))
      )
      yield* Deferred.succeed(go, undefined)
      const leftBehind = yield* worker.ended

      assert.deepStrictEqual([answers, leftBehind], [["asked", "already asked"], []])
      assert.deepStrictEqual((yield* finished(queue)).map(({ outcome }) => outcome), ["completed"])
      assert.strictEqual(yield* admin.stopWorker(id, "cancel"), "not found")
      const said = lines.filter(({ text }) => text.includes("asked by an operator: finish"))
      assert.lengthOf(said, 1)
    }))

  it.effect("interrupts its runs if it is asked to cancel after all", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const admin = yield* JobAdmin
      const running = yield* Deferred.make<void>()
      const handler = Long.toLayer(() =>
        Effect.andThen(Deferred.succeed(running, undefined), Effect.never)
      )
      const worker = yield* start(handler, { queues: [queue], lease })
      yield* enqueue(Long, undefined, { queue })
      yield* Deferred.await(running)
      const id = yield* idOf(queue)

      yield* admin.stopWorker(id, "drain")
      yield* eventually(
        Effect.map(worker.status, ({ stopping }) => assert.strictEqual(stopping, "drain"))
      )
      yield* admin.stopWorker(id, "cancel")
      const leftBehind = yield* worker.ended

      assert.deepStrictEqual([leftBehind, yield* finished(queue)], [[], []])
    }))

  it.effect("is never asked to stop more mildly than before", () =>
    Effect.gen(function*() {
      const admin = yield* JobAdmin
      const id = yield* workerOf(yield* queueName)
      yield* admin.stopWorker(id, "cancel")
      const milder = yield* admin.stopWorker(id, "drain")
      const { asked } = yield* WorkerRegistry.use((registry) => registry.renew(id))

      assert.deepStrictEqual([milder, asked], ["already asked", "cancel"])
    }))
})
