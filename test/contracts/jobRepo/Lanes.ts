/**
 * How jobs that share a key take turns.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, runAll, settle, workerOf } from "../../Given.ts"

export const lanes = (it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>) => {
  it.effect("claims one job of a key at a time", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { key: "k" }, { key: "k" }, { key: "l" }, {})

      const first = yield* claim({ queue, worker: yield* workerOf(queue) })
      const second = yield* claim({ queue, worker: yield* workerOf(queue) })

      assert.deepStrictEqual(first.map(({ key }) => key), ["k", "l", undefined])
      assert.deepStrictEqual(second, [])
    }))

  it.effect("runs the jobs of a key in order", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(
        queue,
        { key: "k", name: "2" },
        { key: "k", name: "3" },
        { key: "k", name: "5", priority: -1 },
        { key: "k", name: "1", priority: 1 },
        { key: "k", name: "4" }
      )

      const names = yield* runAll({ queue, worker: yield* workerOf(queue) })

      assert.deepStrictEqual(names, ["1", "2", "3", "4", "5"])
    }))

  it.effect("keeps the same key in two queues apart", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* queueName, yield* queueName]
      yield* enqueue(one, { key: "k" })
      yield* enqueue(other, { key: "k" })

      const first = yield* claim({ queue: one, worker: yield* workerOf(one) })
      const second = yield* claim({ queue: other, worker: yield* workerOf(other) })

      assert.strictEqual(first.length + second.length, 2)
    }))

  it.effect("lets a more urgent job go before a head that was not claimed yet", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "head", key: "k" }, { name: "un-keyed", priority: 9 })
      // This claim makes the job named head ready, and takes only the job without a key.
      const [other] = yield* claim({ queue, worker, limit: 1 })
      yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })

      const names = yield* runAll({ queue, worker })

      assert.strictEqual(other?.name, "un-keyed")
      assert.deepStrictEqual(names, ["urgent", "head"])
    }))

  it.effect("lets a more urgent job wait for a head that runs, and no longer", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "head", key: "k" })
      const head = yield* claim({ queue, worker })
      yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })

      const meanwhile = yield* claim({ queue, worker })
      yield* settle(head, Settlement.Released())
      const names = yield* runAll({ queue, worker })

      assert.deepStrictEqual(meanwhile, [])
      assert.deepStrictEqual(names, ["urgent", "head"])
    }))

  it.effect("lets an overtaken job of a dead worker run after the more urgent one", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const dead = yield* workerOf(queue)
      yield* enqueue(queue, { name: "head", key: "k" })
      yield* claim({ queue, worker: dead })
      yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })

      yield* WorkerRegistry.use((registry) => registry.reportDead(dead))

      const names = yield* runAll({ queue, worker: yield* workerOf(queue) })
      assert.deepStrictEqual(names, ["urgent", "head"])
    }))

  for (
    const settlement of [
      Settlement.Completed(),
      Settlement.Failed({ error: "no", blocksLane: false }),
      Settlement.Cancelled({ error: "not wanted" })
    ]
  ) {
    it.effect(`goes on after a job that is ${settlement._tag}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "first", key: "k" }, { name: "second", key: "k" })

        yield* settle(yield* claim({ queue, worker }), settlement)

        const [next] = yield* claim({ queue, worker })
        assert.strictEqual(next?.name, "second")
      }))
  }

  it.effect("stays behind a job that failed for good and blocks it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "k" }, { key: "k" }, { name: "other", key: "l" })
      const [head] = yield* claim({ queue, worker, limit: 1 })

      yield* settle([head!], Settlement.Failed({ error: "no", blocksLane: true }))
      yield* enqueue(queue, { key: "k", priority: 5 })
      yield* Scheduler.use((scheduler) => scheduler.promote)

      assert.deepStrictEqual(yield* runAll({ queue, worker }), ["other"])
    }))

  for (const [tag, later] of [["Retried", retried], ["Snoozed", snoozed]] as const) {
    it.effect(`waits for a job that is ${tag} and holds its lane`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "first", key: "k" }, { name: "second", key: "k" })
        const head = yield* claim({ queue, worker })

        yield* settle(head, later({ delay: "1 hour", holdsLane: true }))
        yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })
        yield* Scheduler.use((scheduler) => scheduler.promote)

        assert.deepStrictEqual(yield* runAll({ queue, worker }), [])
      }))

    it.effect(`runs a job first that is ${tag} and due, unless a more urgent one came meanwhile`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "first", key: "k" }, { name: "second", key: "k" })
        const head = yield* claim({ queue, worker })

        yield* settle(head, later({ delay: "50 millis", holdsLane: true }))
        yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })

        const names = yield* eventually(Effect.gen(function*() {
          yield* Scheduler.use((scheduler) => scheduler.promote)
          const names = yield* runAll({ queue, worker })
          assert.isNotEmpty(names)
          return names
        }))
        assert.deepStrictEqual(names, ["urgent", "first", "second"])
      }))

    it.effect(`goes on past a job that is ${tag} and yields`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "first", key: "k" }, { name: "second", key: "k" })
        const head = yield* claim({ queue, worker })

        yield* settle(head, later({ delay: "50 millis", holdsLane: false }))

        const [next] = yield* claim({ queue, worker })
        assert.strictEqual(next?.name, "second")
        yield* settle([next!], Settlement.Completed())
        yield* eventually(Effect.gen(function*() {
          yield* Scheduler.use((scheduler) => scheduler.promote)
          assert.deepStrictEqual(yield* runAll({ queue, worker }), ["first"])
        }))
      }))
  }

  it.effect("waits for a job that was unhandled", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "k" }, { key: "k" })
      const head = yield* claim({ queue, worker })

      yield* settle(head, Settlement.Unhandled({ error: "not here", delay: Duration.hours(1) }))

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
    }))
}

interface Later {
  readonly delay: Duration.Input
  readonly holdsLane: boolean
}

const notYet = ({ delay, holdsLane }: Later) => ({
  error: "not yet",
  delay: Duration.fromInputUnsafe(delay),
  holdsLane
})

const retried = (later: Later) => Settlement.Retried(notYet(later))

const snoozed = (later: Later) => Settlement.Snoozed(notYet(later))
