/**
 * Unfinished jobs that are retried: those that wait for a time start at once.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Notifier } from "../../../src/services/Notifier.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { blocked, delays, retry, run } from "./ByHand.ts"
import { countsOf, lane, type Services, theRest } from "./Cancelling.ts"

const delay = Duration.hours(1)

export const retrying = (it: Vitest.MethodsNonLive<Services>) => {
  for (const key of [undefined, "k"]) {
    const keyed = key === undefined ? "without" : "with"
    it.effect(`starts a delayed job at once, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { delay, key, name: "delayed" })

        assert.deepStrictEqual(yield* retry(id!, id!), ["Retried", "Queued"])

        assert.deepStrictEqual(yield* theRest(queue), ["delayed"])
        assert.deepStrictEqual(yield* retry(id!), ["Completed"])
      }))

    it.effect(`leaves a ready job as it is, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ids = yield* enqueue(queue, { key, name: "1" }, { key, name: "2" })

        assert.deepStrictEqual(yield* retry(...ids), ["Queued", "Queued"])

        assert.deepStrictEqual(yield* theRest(queue), ["1", "2"])
      }))

    it.effect(`leaves a leased job to its worker, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ids = yield* enqueue(queue, { key }, { key })
        const jobs = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 1 })

        assert.deepStrictEqual(yield* retry(...ids), ["Running", "Running"])

        assert.deepStrictEqual(yield* settle(jobs, Settlement.Completed()), [])
        assert.deepStrictEqual(yield* countsOf(queue), { completed: 2 })
      }))

    for (const [end, settlement] of delays) {
      it.effect(`starts a job at once that ${end}, ${keyed} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [id] = yield* enqueue(queue, { key, name: "tried" })
          const [before] = yield* run(queue, settlement)
          // A store may look for jobs without a key above the old ones first.
          if (key !== undefined) yield* enqueue(queue, { key, name: "next" })

          assert.deepStrictEqual(yield* retry(id!), ["Retried"])

          const [job] = yield* claim({ queue, worker: yield* workerOf(queue), limit: 1 })
          assert.strictEqual(job!.id, id)
          const failures = settlement._tag === "Retried" || settlement._tag === "Failed" ? 1 : 0
          assert.strictEqual(job!.attempt, before!.attempt + failures)
          yield* settle([job!], Settlement.Completed())
          assert.deepStrictEqual(yield* theRest(queue), key === undefined ? [] : ["next"])
        }))
    }
  }

  it.effect("lets a blocked lane go on with the job that blocks it, in order", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [first, second] = yield* enqueue(queue, ...lane(3))
      yield* run(queue, blocked)

      assert.deepStrictEqual(yield* retry(second!), ["Queued"])
      const before = yield* theRest(queue)
      assert.deepStrictEqual(yield* retry(first!), ["Retried"])

      assert.deepStrictEqual(before, [])
      assert.deepStrictEqual(yield* theRest(queue), ["k1", "k2", "k3"])
    }))

  it.effect("puts a delayed job in its place in its lane", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const jobs = lane(3).map((job, n) => n === 1 ? { ...job, delay } : job)
      const [, second] = yield* enqueue(queue, ...jobs)

      yield* retry(second!)

      assert.deepStrictEqual(yield* theRest(queue), ["k1", "k2", "k3"])
    }))

  it.effect("lets no job of a lane start beside the one that runs", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "k", name: "k1" })
      const [, third] = yield* enqueue(queue, { key: "k", name: "k2" }, {
        key: "k",
        name: "k3",
        priority: 9,
        delay
      })
      const head = yield* claim({ queue, worker })

      yield* retry(third!)

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      yield* settle(head, Settlement.Completed())
      assert.deepStrictEqual(yield* theRest(queue), ["k3", "k2"])
    }))

  it.effect("wakes a worker", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { delay })
      assert.deepStrictEqual(yield* claim({ queue, worker: yield* workerOf(queue) }), [])
      const { wakes } = yield* Notifier

      const heard = yield* wakes.pipe(
        Stream.tap((wake) => wake._tag === "Everything" ? retry(id!) : Effect.void),
        Stream.filter((wake) => wake._tag === "Jobs" && wake.queue === queue),
        Stream.take(1),
        Stream.runCollect,
        Effect.timeout("10 seconds")
      )

      assert.lengthOf(heard, 1)
    }))
}
