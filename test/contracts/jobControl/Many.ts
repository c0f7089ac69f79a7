/**
 * Many jobs are cancelled by their queue, name, key and state, some at a time.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import type { CancelFilter } from "../../../src/domain/Cancellation.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { claim, enqueue, queueName, workerOf } from "../../Given.ts"
import { countsOf, lane, outcomeOf, requests, type Services, theRest } from "./Cancelling.ts"

export const many = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("cancels the jobs of a queue, and of no other", () =>
    Effect.gen(function*() {
      const [queue, other] = [yield* queueName, yield* queueName]
      const worker = yield* workerOf(queue)
      const [running] = yield* enqueue(queue, { priority: 9 })
      yield* claim({ queue, worker, limit: 1 })
      yield* enqueue(queue, {}, ...lane(3))
      yield* enqueue(other, {}, { key: "k" })

      const counts = yield* some({ queue })

      assert.deepStrictEqual(counts, { cancelled: 4, stopping: 1, held: 0, last: undefined })
      assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 4, running: 1 })
      assert.deepStrictEqual((yield* requests(worker)).map(({ id }) => id), [running!])
      assert.deepStrictEqual(yield* countsOf(other), { unstarted: 2 })
    }))

  it.effect("cancels the jobs of a name, of a key, and of both", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [name, key] = [`name ${queue}`, `key ${queue}`]
      const jobs = [
        { name, key },
        { name, key: "other" },
        { name: "other", key },
        { name },
        { name: "other" }
      ]
      yield* enqueue(queue, ...jobs)

      const both = yield* some({ name, key })
      const ofName = yield* some({ name, queue: undefined })
      const ofKey = yield* some({ key })

      assert.deepStrictEqual(
        [both, ofName, ofKey].map(({ cancelled }) => cancelled),
        [1, 2, 1]
      )
      assert.deepStrictEqual(yield* theRest(queue), ["other"])
      assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 4, completed: 1 })
    }))

  for (
    const [states, counts] of [
      [["waiting"], { cancelled: 2, stopping: 0 }],
      [["running"], { cancelled: 0, stopping: 1 }],
      [["running", "waiting"], { cancelled: 2, stopping: 1 }]
    ] as const
  ) {
    it.effect(`cancels those that are ${states.join(" or ")}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, ...lane(3))
        yield* claim({ queue, worker })

        const { held, last, ...answer } = yield* some({ queue, states })

        assert.deepStrictEqual(answer, counts)
        assert.deepStrictEqual([held, last], [0, undefined])
      }))
  }

  it.effect("cancels as many as it is told, the first of them", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, {}, {}, {})

      const { cancelled } = yield* some({ queue, limit: 2 })

      assert.strictEqual(cancelled, 2)
      assert.deepStrictEqual(
        yield* Effect.forEach(ids, outcomeOf),
        ["cancelled", "cancelled", "unfinished"]
      )
    }))

  it.effect("cancels those behind an id", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, {}, {}, {})

      const { cancelled } = yield* some({ queue }, ids[0])

      assert.strictEqual(cancelled, 2)
      assert.deepStrictEqual(
        yield* Effect.forEach(ids, outcomeOf),
        ["unfinished", "cancelled", "cancelled"]
      )
    }))

  it.effect("gets to the end of many jobs step by step", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, ...Array.from({ length: 1100 }, () => ({})))
      yield* claim({ queue, worker, limit: 100 })

      let [cancelled, stopping, steps] = [0, 0, 0]
      for (let after: bigint | undefined = 0n; after !== undefined && steps < 100; steps++) {
        const step: Some = yield* some({ queue }, after)
        cancelled += step.cancelled
        stopping += step.stopping
        after = step.last
      }

      assert.deepStrictEqual([cancelled, stopping], [1000, 100])
      assert.isAbove(steps, 1)
      assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 1000, running: 100 })
    }))
}

const some = (filter: CancelFilter, after = 0n) =>
  JobControl.use((control) => control.cancelSome(filter, { after }))

type Some = Effect.Success<ReturnType<typeof some>>
