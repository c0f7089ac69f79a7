/**
 * Jobs that wait are cancelled at once, and their lanes go on.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Notifier } from "../../../src/services/Notifier.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import {
  cancel,
  countsOf,
  failed,
  lane,
  outcomeOf,
  type Services,
  theRest,
  undone
} from "./Cancelling.ts"

const delay = Duration.hours(1)

export const waiting = (it: Vitest.MethodsNonLive<Services>) => {
  for (
    const [state, job] of [
      ["is ready", {}],
      ["is ready and has a key", { key: "k" }],
      ["is delayed", { delay }],
      ["is delayed and has a key", { delay, key: "k" }]
    ] as const
  ) {
    it.effect(`cancels a job that ${state}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, job)

        const [answer, again] = [yield* cancel(id!), yield* cancel(id!)]

        assert.deepStrictEqual(answer, [{ _tag: "Cancelled" }])
        assert.deepStrictEqual(again, [{ _tag: "Finished", outcome: "cancelled" }])
        assert.strictEqual(yield* outcomeOf(id!), "cancelled")
        assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 1 })
        assert.deepStrictEqual(yield* theRest(queue), [])
      }))
  }

  for (const key of [undefined, "k"]) {
    for (const [end, settlement] of undone) {
      it.effect(`cancels a job that ${end}, ${key === undefined ? "without" : "with"} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [id] = yield* enqueue(queue, { key })
          yield* settle(yield* claim({ queue, worker: yield* workerOf(queue) }), settlement)
          yield* enqueue(queue, { key, name: "next" })

          const answer = yield* cancel(id!)

          assert.deepStrictEqual(answer, [{ _tag: "Cancelled" }])
          assert.strictEqual(yield* outcomeOf(id!), "cancelled")
          assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 1, unstarted: 1 })
          assert.deepStrictEqual(yield* theRest(queue), ["next"])
        }))
    }
  }

  it.effect("cancels a job whose worker died", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const dead = yield* workerOf(queue)
      const [id] = yield* enqueue(queue, ...lane(2))
      yield* claim({ queue, worker: dead })
      yield* WorkerRegistry.use((registry) => registry.reportDead(dead))

      assert.deepStrictEqual(yield* cancel(id!), [{ _tag: "Cancelled" }])

      assert.deepStrictEqual(yield* theRest(queue), ["k2"])
    }))

  for (const place of [0, 1, 2]) {
    it.effect(`lets a lane go on in order without its job ${place + 1}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ids = yield* enqueue(queue, ...lane(3), { name: "un-keyed" })
        // A claim of another job may choose the head of the lane.
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "first", priority: 9 })
        yield* settle(yield* claim({ queue, worker, limit: 1 }), Settlement.Completed())

        yield* cancel(ids[place]!)

        const names = (yield* theRest(queue)).filter((name) => name !== "un-keyed")
        assert.deepStrictEqual(names, ["k1", "k2", "k3"].filter((_, n) => n !== place))
      }))
  }

  it.effect("leaves a lane blocked without a job behind its blocked head", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [head, second] = yield* enqueue(queue, ...lane(4))
      const blocked = Settlement.Failed({ error: "no", blocksLane: true })
      yield* settle(yield* claim({ queue, worker }), blocked)

      assert.deepStrictEqual(yield* cancel(second!), [{ _tag: "Cancelled" }])
      const before = yield* theRest(queue)
      assert.deepStrictEqual(yield* cancel(head!), [{ _tag: "Cancelled" }])

      assert.deepStrictEqual(before, [])
      assert.deepStrictEqual(yield* theRest(queue), ["k3", "k4"])
    }))

  it.effect("keeps a lane that runs, without a job that waits in it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [, second] = yield* enqueue(queue, ...lane(3))
      const head = yield* claim({ queue, worker })

      yield* cancel(second!)

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      assert.deepStrictEqual(yield* settle(head, Settlement.Completed()), [])
      assert.deepStrictEqual(yield* theRest(queue), ["k3"])
    }))

  it.effect("wakes a worker for the lane of a blocked head", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [head] = yield* enqueue(queue, ...lane(2))
      const blocked = Settlement.Failed({ error: "no", blocksLane: true })
      yield* settle(yield* claim({ queue, worker }), blocked)
      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      const { wakes } = yield* Notifier
      const heard = yield* wakes.pipe(
        Stream.tap((wake) => wake._tag === "Everything" ? cancel(head!) : Effect.void),
        Stream.filter((wake) => wake._tag === "Jobs" && wake.queue === queue),
        Stream.take(1),
        Stream.runCollect,
        Effect.timeout("10 seconds")
      )

      assert.lengthOf(heard, 1)
    }))

  it.effect("says how jobs had ended that it cannot cancel", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const ids = yield* enqueue(queue, {}, {}, {})
      const jobs = yield* claim({ queue, worker })
      yield* settle(jobs.slice(0, 1), Settlement.Completed())
      yield* settle(jobs.slice(1, 2), failed)
      yield* settle(jobs.slice(2), Settlement.Cancelled({ error: "not wanted" }))

      const outcomes = ["completed", "failed", "cancelled"] as const
      assert.deepStrictEqual(
        yield* cancel(...ids),
        outcomes.map((outcome) => ({ _tag: "Finished" as const, outcome }))
      )
      assert.deepStrictEqual(yield* Effect.forEach(ids, outcomeOf), [...outcomes])
      assert.deepStrictEqual(yield* countsOf(queue), { completed: 1, failed: 1, cancelled: 1 })
    }))

  it.effect("knows no job that was never there", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})

      const answers = yield* cancel(nobody, id!, id!, nobody)

      assert.deepStrictEqual(answers, [
        { _tag: "Unknown" },
        { _tag: "Cancelled" },
        { _tag: "Finished", outcome: "cancelled" },
        { _tag: "Unknown" }
      ])
      assert.strictEqual(yield* outcomeOf(nobody), "unknown")
      assert.deepStrictEqual(yield* cancel(), [])
    }))

  it.effect("says of a job that waits or runs that it has not ended", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, {}, {})
      yield* claim({ queue, worker: yield* workerOf(queue), limit: 1 })

      assert.deepStrictEqual(yield* Effect.forEach(ids, outcomeOf), ["unfinished", "unfinished"])
    }))
}

const nobody = 9_000_000_000_000_000_000n
