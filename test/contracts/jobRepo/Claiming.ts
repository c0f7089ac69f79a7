/**
 * How jobs are enqueued, and how workers claim them.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Scheduler } from "../../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, jobOf, queueName, runAll, workerOf } from "../../Given.ts"

export const claiming = (it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>) => {
  it.effect("hands a job over as it was enqueued", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const payload = { to: "Łucja 🎉", quote: "\"\\", nested: [1, null, true, 1.5] }

      const [id] = yield* enqueue(queue, {
        name: "send-email",
        payload: JSON.stringify(payload),
        key: "customer-7",
        priority: -3,
        maxAttempts: 4
      })

      const [job] = yield* claim({ queue, worker: yield* workerOf(queue) })
      const { lease: _, payload: received, waited = -1, ...rest } = job!
      assert.isAtLeast(waited, 0)
      assert.isBelow(waited, 60_000)
      assert.deepStrictEqual(JSON.parse(received ?? ""), payload)
      assert.deepStrictEqual(rest, {
        id: id!,
        queue,
        name: "send-email",
        key: "customer-7",
        priority: -3,
        attempt: 1,
        maxAttempts: 4,
        unhandledCount: 0,
        snoozeCount: 0,
        expiresAt: undefined,
        isSuspect: false,
        traceparent: undefined,
        wasScheduled: false
      })
    }))

  it.effect("claims a job once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {})

      const first = yield* claim({ queue, worker: yield* workerOf(queue) })
      const second = yield* claim({ queue, worker: yield* workerOf(queue) })

      assert.strictEqual(first.length, 1)
      assert.strictEqual(second.length, 0)
    }))

  it.effect("never claims more than the limit", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {}, {}, {}, {}, {})

      const claimed = yield* claim({ queue, worker: yield* workerOf(queue), limit: 3 })

      assert.strictEqual(claimed.length, 3)
    }))

  it.effect("takes nothing from other queues", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {}, { key: "k" })

      const other = yield* queueName
      const claimed = yield* claim({ queue: other, worker: yield* workerOf(other) })

      assert.strictEqual(claimed.length, 0)
    }))

  it.effect("starts the more urgent first, then the older", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(
        queue,
        { name: "plain 1" },
        { name: "low", priority: -1 },
        { name: "urgent 1", priority: 5, key: "k" },
        { name: "plain 2" },
        { name: "urgent 2", priority: 5 }
      )

      const two = yield* claim({ queue, worker, limit: 2 })
      const rest = yield* runAll({ queue, worker })

      assert.deepStrictEqual(two.map(({ name }) => name), ["urgent 1", "urgent 2"])
      assert.deepStrictEqual(rest, ["plain 1", "plain 2", "low"])
    }))

  it.effect("answers a batch in the order to start in, under one lease", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(
        queue,
        { name: "c" },
        { name: "b", priority: 1, key: "k" },
        { name: "a", priority: 2 },
        { name: "d", key: "l" }
      )

      const claimed = yield* claim({ queue, worker: yield* workerOf(queue) })

      assert.deepStrictEqual(claimed.map(({ name }) => name), ["a", "b", "c", "d"])
      assert.strictEqual(new Set(claimed.map(({ lease }) => lease)).size, 1)
    }))

  it.effect("answers an enqueue with ids in the order given", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const names = Array.from({ length: 1000 }, (_, n) => `job ${n}`)

      const ids = yield* enqueue(
        queue,
        ...names.map((name, n) => ({
          name,
          priority: n % 3,
          key: n % 2 === 0 ? `k${n}` : undefined
        }))
      )

      const claimed = yield* claim({ queue, worker: yield* workerOf(queue), limit: 2000 })
      const more = yield* claim({ queue, worker: yield* workerOf(queue), limit: 2000 })
      const rest = yield* runAll({ queue, worker: yield* workerOf(queue) })
      const byId = new Map([...claimed, ...more].map(({ id, name }) => [id, name]))
      assert.strictEqual(new Set(ids).size, 1000)
      assert.strictEqual(byId.size + rest.length, 1000)
      for (const [id, name] of byId) assert.strictEqual(ids[names.indexOf(name)], id)
    }))

  it.effect("adds all jobs of a call or none", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const repo = yield* JobRepo

      const error = yield* Effect.flip(
        repo.enqueue([jobOf(queue), jobOf(queue, { payload: "{not json" })])
      )

      assert.strictEqual(error._tag, "StoreError")
      assert.isFalse(error.isTransient)
      assert.deepStrictEqual(yield* claim({ queue, worker: yield* workerOf(queue) }), [])
    }))

  it.effect("adds nothing when nothing is given", () =>
    Effect.gen(function*() {
      const repo = yield* JobRepo

      assert.deepStrictEqual(yield* repo.enqueue([]), [])
    }))

  it.effect("keeps a job back until it is due", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(
        queue,
        { name: "in an hour", delay: Duration.hours(1) },
        { name: "in 2050", runAt: new Date("2050-01-01"), key: "k" },
        { name: "since 1999", runAt: new Date("1999-01-01") },
        { name: "behind nobody", key: "k" }
      )

      const names = yield* runAll({ queue, worker: yield* workerOf(queue) })

      assert.deepStrictEqual(names, ["since 1999", "behind nobody"])
    }))

  it.effect("turns away a worker that nobody knows", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {})

      const error = yield* Effect.flip(claim({ queue, worker: crypto.randomUUID() }))

      assert.strictEqual(error._tag, "StoreError")
    }))
}
