/**
 * The contract of `WorkerRegistry`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { Settlement } from "../../src/domain/Settlement.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, runAll, settle, workerOf } from "../Given.ts"

export const suite = (
  name: string,
  registry: Layer.Layer<WorkerRegistry | JobRepo | Scheduler, unknown>
) =>
  withLayer(registry, { timeout: "60 seconds", excludeTestServices: true })(
    `WorkerRegistry (${name})`,
    (it) => {
      it.effect("renews a worker that is alive", () =>
        Effect.gen(function*() {
          const registry = yield* WorkerRegistry
          const worker = yield* workerOf(yield* queueName)

          assert.isTrue((yield* registry.renew(worker)).isKnown)
        }))

      it.effect("tells a worker that was taken for dead", () =>
        Effect.gen(function*() {
          const registry = yield* WorkerRegistry
          const queue = yield* queueName
          const worker = yield* workerOf(queue, "50 millis")

          // The test asks by a claim, because a renewal would keep the worker alive.
          yield* eventually(Effect.gen(function*() {
            yield* Scheduler.use((scheduler) => scheduler.rescue)
            assert.strictEqual((yield* Effect.exit(claim({ queue, worker })))._tag, "Failure")
          }))

          assert.isFalse((yield* registry.renew(worker)).isKnown)
        }))

      it.effect("gives back the jobs of a worker that leaves, with no attempt used", () =>
        Effect.gen(function*() {
          const registry = yield* WorkerRegistry
          const queue = yield* queueName
          const leaver = yield* workerOf(queue)
          yield* enqueue(queue, {}, { key: "k" }, { key: "k" })
          yield* claim({ queue, worker: leaver, perLaneMax: 1 })

          yield* registry.leave(leaver)

          const again = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 1 })
          assert.deepStrictEqual(again.map(({ attempt }) => attempt), [1, 1, 1])
          assert.isFalse((yield* registry.renew(leaver)).isKnown)
        }))

      it.effect("leaves the jobs of others alone", () =>
        Effect.gen(function*() {
          const registry = yield* WorkerRegistry
          const queue = yield* queueName
          const [leaver, stayer] = [yield* workerOf(queue), yield* workerOf(queue)]
          yield* enqueue(queue, {})
          yield* claim({ queue, worker: stayer })

          yield* registry.leave(leaver)
          yield* registry.reportDead(leaver)

          assert.deepStrictEqual(yield* runAll({ queue, worker: yield* workerOf(queue) }), [])
        }))

      it.effect("hands back what a worker does not know it was given", () =>
        Effect.gen(function*() {
          const registry = yield* WorkerRegistry
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, { name: "known" }, { name: "a" }, { name: "b" })
          const [known] = yield* claim({ queue, worker, limit: 1 })
          yield* claim({ queue, worker })

          const found = yield* registry.reconcile(worker, [known!.lease])

          assert.deepStrictEqual(found, { released: 2, gone: [] })
          assert.deepStrictEqual(yield* runAll({ queue, worker }), ["a", "b"])
          const again = yield* registry.reconcile(worker, [known!.lease])
          assert.deepStrictEqual(again, { released: 0, gone: [] })
        }))

      it.effect("tells a worker which of its leases are gone", () =>
        Effect.gen(function*() {
          const registry = yield* WorkerRegistry
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, {}, {})
          const [kept] = yield* claim({ queue, worker, limit: 1 })
          const [settled] = yield* claim({ queue, worker, limit: 1 })
          yield* settle([settled!], Settlement.Completed())

          const { gone } = yield* registry.reconcile(worker, [kept!.lease, settled!.lease])

          assert.deepStrictEqual(gone, [settled!.lease])
        }))
    }
  )
