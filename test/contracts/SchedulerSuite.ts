/**
 * The contract of `Scheduler`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer } from "effect"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, runAll, workerOf } from "../Given.ts"

export const suite = (
  name: string,
  maintenance: Layer.Layer<Scheduler | JobRepo | WorkerRegistry, unknown>
) =>
  withLayer(maintenance, { timeout: "60 seconds", excludeTestServices: true })(
    `Scheduler (${name})`,
    (it) => {
      it.effect("makes due jobs ready, and only those", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(
            queue,
            { name: "soon", delay: Duration.millis(50) },
            { name: "soon, keyed", delay: Duration.millis(50), key: "k" },
            { name: "in an hour", delay: Duration.hours(1) }
          )
          assert.deepStrictEqual(yield* runAll({ queue, worker }), [])

          const ran: Array<string> = []
          yield* eventually(Effect.gen(function*() {
            yield* Scheduler.use((scheduler) => scheduler.promote)
            ran.push(...(yield* runAll({ queue, worker })))
            assert.deepStrictEqual(ran.toSorted(), ["soon", "soon, keyed"])
          }))
        }))

      it.effect("says how long it is until the next job is due", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { delay: Duration.hours(1) }, { delay: Duration.minutes(20) })

          const { next } = yield* Scheduler.use((scheduler) => scheduler.promote)

          assert.isAtMost(Duration.toMinutes(next!), 20)
          assert.isAbove(Duration.toMinutes(next!), 19)
        }))

      it.effect("makes each job ready once, however many promote at once", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const { promote } = yield* Scheduler
          const jobs = Array.from({ length: 40 }, (_, n) => ({
            name: `job ${n}`,
            delay: Duration.millis(100)
          }))
          yield* enqueue(queue, ...jobs)

          const promoteAll = Effect.all(Array.from({ length: 8 }, () => promote), {
            concurrency: "unbounded"
          })
          let promoted = 0
          yield* eventually(Effect.gen(function*() {
            for (const result of yield* promoteAll) promoted += result.promoted
            assert.isAtLeast(promoted, 40)
          }))

          assert.strictEqual(promoted, 40)
          const ran = yield* runAll({ queue, worker })
          assert.deepStrictEqual(ran.toSorted(), jobs.map(({ name }) => name).toSorted())
        }))

      it.effect("hands back the jobs of a worker whose lease ran out", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { name: "a" }, { name: "b", key: "k" }, { name: "c", key: "k" })
          const lost = yield* claim({
            queue,
            worker: yield* workerOf(queue, "50 millis"),
            perLaneMax: 1
          })

          const rescued = yield* eventually(Effect.gen(function*() {
            const rescued = yield* Scheduler.use((scheduler) => scheduler.rescue)
            assert.isAbove(rescued, 0)
            return rescued
          }))

          assert.strictEqual(lost.length, 3)
          assert.strictEqual(rescued, 3)
          const ran = yield* runAll({ queue, worker: yield* workerOf(queue) })
          assert.deepStrictEqual(ran.toSorted(), ["a", "b", "c"])
        }))

      it.effect("leaves its jobs to a worker that renews", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, {})
          const alive = yield* workerOf(queue, "2 seconds")
          yield* claim({ queue, worker: alive })
          const dead = yield* workerOf(queue, "2 seconds")

          // Both workers have a lease of two seconds. When the worker that never renews is dead,
          // the first lease of the other worker has run out as well.
          yield* eventually(Effect.gen(function*() {
            const registry = yield* WorkerRegistry
            assert.isTrue((yield* registry.renew(alive)).isKnown)
            yield* Scheduler.use((scheduler) => scheduler.rescue)
            assert.strictEqual((yield* Effect.exit(claim({ queue, worker: dead })))._tag, "Failure")
          }))

          const other = yield* workerOf(queue)
          assert.deepStrictEqual(yield* claim({ queue, worker: other }), [])
        }))

      it.effect("prunes at any time, and from many places at once", () =>
        Effect.gen(function*() {
          const { prune } = yield* Scheduler
          yield* Effect.all([prune, prune, prune, prune], { concurrency: "unbounded" })
        }))
    }
  )
