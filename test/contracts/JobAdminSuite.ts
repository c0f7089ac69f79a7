/**
 * The contract of `JobAdmin`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer } from "effect"
import { Settlement } from "../../src/domain/Settlement.ts"
import { JobAdmin } from "../../src/services/JobAdmin.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, newWorker, queueName, settle, workerOf } from "../Given.ts"

export const suite = (
  name: string,
  admin: Layer.Layer<JobAdmin | JobControl | JobRepo | Scheduler | WorkerRegistry, unknown>
) =>
  withLayer(admin, { timeout: "60 seconds", excludeTestServices: true })(
    `JobAdmin (${name})`,
    (it) => {
      it.effect("asks a worker to stop, as strictly as anybody has asked", () =>
        Effect.gen(function*() {
          const admin = yield* JobAdmin
          const registry = yield* WorkerRegistry
          const [id, other] = [yield* workerOf(yield* queueName), yield* workerOf(yield* queueName)]
          const asked = registry.renew(id).pipe(Effect.map(({ asked }) => asked))

          const before = yield* asked
          const answers = [
            yield* admin.stopWorker(id, "finish"),
            yield* admin.stopWorker(id, "finish"),
            yield* admin.stopWorker(id, "drain")
          ]
          const milder = yield* asked
          answers.push(yield* admin.stopWorker(id, "cancel"))

          assert.deepStrictEqual(answers, ["asked", "already asked", "already asked", "asked"])
          assert.deepStrictEqual([before, milder, yield* asked, yield* asked], [
            undefined,
            "finish",
            "cancel",
            "cancel"
          ])
          assert.isUndefined((yield* registry.renew(other)).asked)
        }))

      it.effect("finds no worker to stop that is gone, and forgets the word with it", () =>
        Effect.gen(function*() {
          const admin = yield* JobAdmin
          const registry = yield* WorkerRegistry
          const worker = newWorker(yield* queueName)
          const early = yield* admin.stopWorker(worker.id, "drain")
          yield* registry.join(worker)
          yield* admin.stopWorker(worker.id, "drain")
          yield* registry.reportDead(worker.id)
          const late = yield* admin.stopWorker(worker.id, "cancel")
          yield* registry.join(worker)
          const { asked } = yield* registry.renew(worker.id)

          assert.deepStrictEqual([early, late, asked], ["not found", "not found", undefined])
          assert.strictEqual(yield* admin.stopWorker("web-1", "drain"), "not found")
        }))

      it.effect("counts the jobs of a queue by their state", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const first = { priority: 9 }
          yield* enqueue(queue, first, first, first, first, { ...first, key: "k" }, first)
          const [done, failed, retried, cancelled] = yield* claim({ queue, worker, limit: 6 })
          yield* settle([done!], Settlement.Completed())
          yield* settle([failed!], Settlement.Failed({ error: "no", blocksLane: false }))
          yield* settle([cancelled!], Settlement.Cancelled({ error: "not wanted" }))
          const delay = Duration.hours(1)
          yield* settle(
            [retried!],
            Settlement.Retried({ error: "not yet", delay, holdsLane: true })
          )
          const [dropped] = yield* enqueue(queue, {}, { expiresAt: new Date(0) })
          yield* JobControl.use((control) => control.discard([dropped!]))
          yield* Scheduler.use((scheduler) => scheduler.expire)
          yield* enqueue(queue, {}, {}, {}, { key: "k" }, { delay })

          assert.deepStrictEqual(yield* countsOf(queue), {
            queue,
            ready: 3,
            waiting: 1,
            running: 2,
            scheduled: 2,
            paused: 0,
            completed: 1,
            failed: 1,
            cancelled: 1,
            expired: 1,
            discarded: 1
          })
        }))

      it.effect("lists queues by name, those with only history included", () =>
        Effect.gen(function*() {
          const [one, other] = [yield* queueName, yield* queueName]
          yield* enqueue(other, {})
          yield* enqueue(one, {})
          const jobs = yield* claim({ queue: one, worker: yield* workerOf(one) })
          yield* settle(jobs, Settlement.Completed())

          const queues = (yield* JobAdmin.use((admin) => admin.counts))
            .map(({ queue }) => queue)
            .filter((queue) => queue === one || queue === other)

          assert.deepStrictEqual(queues, [one, other].toSorted())
        }))

      it.effect("lists the live workers, oldest first", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [older, younger] = [yield* workerOf(queue), yield* workerOf(queue)]
          const gone = yield* workerOf(queue)
          yield* enqueue(queue, {}, {})
          yield* claim({ queue, worker: younger })
          yield* WorkerRegistry.use((registry) => registry.leave(gone))

          const workers = (yield* JobAdmin.use((admin) => admin.workers))
            .filter(({ queues }) => queues.includes(queue))

          assert.deepStrictEqual(workers.map(({ id, running }) => [id, running]), [
            [older, 0],
            [younger, 2]
          ])
          const { age, id: _, ...worker } = workers[0]!
          assert.isAtLeast(Duration.toMillis(age), 0)
          assert.deepStrictEqual(worker, {
            label: "test",
            host: "localhost",
            pid: process.pid,
            queues: [queue],
            mode: "row-lock",
            concurrency: 1,
            running: 0
          })
        }))
    }
  )

const countsOf = (queue: string) =>
  Effect.map(
    JobAdmin.use((admin) => admin.counts),
    (counts) => counts.find((each) => each.queue === queue)
  )
