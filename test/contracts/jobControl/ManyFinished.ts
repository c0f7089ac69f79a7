/**
 * Finished jobs of a filter, retried some at a time, and the failed ones as operators see them.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Struct } from "effect"
import type { RetryEdit, RetryFilter } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { crash, discard, retry, run } from "./ByHand.ts"
import { cancel, countsOf, failed, lane, outcomeOf, type Services, theRest } from "./Cancelling.ts"

export const manyFinished = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("queues the failed and crashed jobs of a queue again, and no others", () =>
    Effect.gen(function*() {
      const [queue, other] = [yield* queueName, yield* queueName]
      yield* enqueue(queue, ...lane(2), {})
      yield* run(queue, failed)
      yield* run(queue, failed)
      yield* enqueue(queue, {})
      yield* crash(queue)
      yield* enqueue(queue, {})
      yield* run(queue, Settlement.Completed())
      const [unwanted, useless] = yield* enqueue(queue, {}, {})
      yield* cancel(unwanted!)
      yield* discard(useless!)
      yield* enqueue(other, {})
      yield* run(other, failed)

      assert.deepStrictEqual(yield* some({ queue }), {
        redriven: 4,
        conflicts: 0,
        held: 0,
        last: undefined
      })

      const { unstarted } = yield* countsOf(queue)
      assert.strictEqual(unstarted, 4)
      assert.deepStrictEqual(yield* countsOf(other), { failed: 1 })
      assert.deepStrictEqual(yield* some({ queue }), {
        redriven: 0,
        conflicts: 0,
        held: 0,
        last: undefined
      })
    }))

  it.effect("queues those of a name, an outcome, an error and a time", () =>
    Effect.gen(function*() {
      const outcomes = Effect.fnUntraced(function*(filter: RetryFilter) {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "a" }, { name: "b" }, { name: "c" }, { name: "d" })
        const [a, b, c, d] = yield* claim({ queue, worker })
        yield* settle([a!], Settlement.Failed({ error: "100% timeout", blocksLane: false }))
        yield* settle([b!], Settlement.Failed({ error: "not found", blocksLane: false }))
        yield* settle([c!], Settlement.Cancelled({ error: "not wanted" }))
        yield* settle([d!], Settlement.Completed())
        yield* some({ ...filter, queue })
        return yield* theRest(queue)
      })
      const hour = 3_600_000

      const before = new Date(Date.now() - hour)
      assert.deepStrictEqual(yield* outcomes({ name: "b" }), ["b"])
      assert.deepStrictEqual(yield* outcomes({ outcome: "cancelled" }), ["c"])
      assert.deepStrictEqual(yield* outcomes({ errorLike: "0% time" }), ["a"])
      assert.deepStrictEqual(yield* outcomes({ errorLike: "_" }), [])
      assert.deepStrictEqual(yield* outcomes({ since: new Date(Date.now() + hour) }), [])
      assert.deepStrictEqual(yield* outcomes({ since: before, outcome: "failed" }), ["a", "b"])
    }))

  it.effect("gets to the end of many jobs step by step", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, ...Array.from({ length: 1100 }, () => ({})))
      const worker = yield* workerOf(queue)
      yield* settle(yield* claim({ queue, worker, limit: 1100 }), failed)

      const first = yield* some({ queue }, 0n, 3)
      let [redriven, steps] = [0, 0]
      for (let after: bigint | undefined = ids[4]!; after !== undefined && steps < 100; steps++) {
        const step: Some = yield* some({ queue }, after)
        redriven += step.redriven
        after = step.last
      }

      assert.deepStrictEqual(first, { redriven: 3, conflicts: 0, held: 0, last: ids[2]! })
      assert.strictEqual(redriven, 1095)
      assert.isAbove(steps, 1)
      assert.deepStrictEqual(yield* countsOf(queue), { failed: 2, unstarted: 1098 })
      assert.strictEqual(yield* outcomeOf(ids[3]!), "failed")
    }))

  it.effect("lets jobs start one after the other, and goes on so", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, {}, { key: "k" }, {}, {})
      const worker = yield* workerOf(queue)
      yield* settle(yield* claim({ queue, worker, limit: 4 }), failed)
      const from = new Date(Date.now() + 3_600_000)
      const spread = { perSecond: 0.1, from }
      const step = (after: bigint, limit: number, from?: Date) =>
        JobControl.use((control) =>
          control.retrySome({ queue }, { after, limit, spread: { ...spread, from } })
        )

      const first = yield* step(0n, 1)
      const second = yield* step(ids[0]!, 2, from)
      const third = yield* step(second.last!, 1, second.next)

      assert.deepStrictEqual(yield* theRest(queue), ["greet"])
      assert.deepStrictEqual(yield* countsOf(queue), { completed: 1, scheduled: 3 })
      assert.closeTo(first.next!.getTime(), Date.now() + 10_000, 9_000)
      assert.strictEqual(second.next!.getTime(), from.getTime() + 20_000)
      assert.strictEqual(third.next!.getTime(), from.getTime() + 30_000)
    }))

  it.effect("gives jobs that are queued again another priority and number of attempts", () =>
    Effect.gen(function*() {
      const [queue, other] = [yield* queueName, yield* queueName]
      const values = { priority: 7, maxAttempts: 5 }
      const again = Effect.fnUntraced(function*(queue: string, edit: RetryEdit) {
        yield* enqueue(queue, values, { ...values, key: "k" })
        const worker = yield* workerOf(queue)
        yield* settle(yield* claim({ queue, worker, limit: 2 }), failed)
        yield* JobControl.use((control) => control.retrySome({ queue }, { after: 0n, edit }))
        const jobs = yield* claim({ queue, worker, limit: 2 })
        return jobs.map(({ maxAttempts, priority }) => ({ priority, maxAttempts }))
      })

      assert.deepStrictEqual(yield* again(queue, { maxAttempts: 3 }), [
        { priority: 7, maxAttempts: 3 },
        { priority: 7, maxAttempts: 3 }
      ])
      assert.deepStrictEqual(yield* again(other, { priority: -1 }), [
        { priority: -1, maxAttempts: 5 },
        { priority: -1, maxAttempts: 5 }
      ])
    }))

  it.effect("shows the failed jobs that are left, the newest first", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [first, second] = yield* enqueue(queue, ...lane(2, queue))
      yield* run(queue, failed)
      yield* run(queue, failed)
      const [third] = yield* enqueue(queue, { name: "crashed" })
      yield* crash(queue)
      const [fourth, again] = yield* enqueue(queue, { name: "gone" }, {})
      yield* cancel(fourth!)
      yield* run(queue, failed)
      yield* retry(again!)
      const failedOf = (filter: object) =>
        JobAdmin.use((admin) => admin.failed({ queue, limit: 10, ...filter }))

      const jobs = yield* failedOf({})

      const common = { queue, outcome: "failed" as const, attempts: 1, error: "no" }
      assert.deepStrictEqual(jobs.map((job) => Struct.omit(job, ["finishedAt"])), [
        {
          ...common,
          id: third!,
          name: "crashed",
          outcome: "crashed",
          attempts: 0,
          error: "the worker died during this job, for the third time"
        },
        { ...common, id: second!, name: `${queue}2` },
        { ...common, id: first!, name: `${queue}1` }
      ])
      const ages = jobs.map(({ finishedAt }) => Date.now() - finishedAt.getTime())
      assert.isTrue(ages.every((age) => age > -5000 && age < 60_000))
      assert.deepStrictEqual((yield* failedOf({ limit: 2 })).map(({ id }) => id), [third, second])
      assert.deepStrictEqual((yield* failedOf({ name: "crashed" })).map(({ id }) => id), [third])
      assert.deepStrictEqual(yield* failedOf({ since: new Date(Date.now() + 60_000) }), [])
    }))
}

const some = (filter: RetryFilter, after = 0n, limit?: number) =>
  JobControl.use((control) => control.retrySome(filter, { after, limit }))

type Some = Effect.Success<ReturnType<typeof some>>
