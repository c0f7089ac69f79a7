/**
 * Finished jobs that are retried: they are queued again under their ids.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { RetryAnswer } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Notifier } from "../../../src/services/Notifier.ts"
import { claim, enqueue, jobOf, queueName, settle, workerOf } from "../../Given.ts"
import { offer } from "../jobRepo/Offers.ts"
import { crash, discard, ends, retry, run } from "./ByHand.ts"
import {
  cancel,
  countsOf,
  failed,
  lane,
  outcomeOf,
  requests,
  type Services,
  theRest
} from "./Cancelling.ts"

export const redriving = (it: Vitest.MethodsNonLive<Services>) => {
  for (const [outcome, end] of ends) {
    for (const key of [undefined, "k"]) {
      const keyed = key === undefined ? "without" : "with"
      it.effect(`queues a job again that has ended as ${outcome}, ${keyed} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const values = { key, priority: 7, payload: `{"n": 1}`, maxAttempts: 3, name: "again" }
          // In its second life the job belongs to nobody's trace.
          const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`
          const [id] = yield* enqueue(queue, { ...values, traceparent })
          yield* end(queue, id!)
          const before = yield* outcomeOf(id!)

          assert.deepStrictEqual(yield* retry(id!, id!), ["Redriven", "Queued"])

          assert.deepStrictEqual(
            [before, yield* outcomeOf(id!), yield* countsOf(queue)],
            [outcome, "unfinished", { unstarted: 1 }]
          )
          const [job] = yield* claim({ queue, worker: yield* workerOf(queue) })
          const { lease: _, waited: _waited, ...claimed } = job!
          const { delay: _delay, runAt: _runAt, expiresAt: _at, expiresIn: _in, ...asked } = jobOf(
            queue,
            values
          )
          assert.deepStrictEqual(claimed, {
            ...asked,
            id: id!,
            attempt: 1,
            unhandledCount: 0,
            snoozeCount: 0,
            expiresAt: undefined,
            isSuspect: false,
            traceparent: undefined,
            wasScheduled: false
          })
          yield* settle([job!], Settlement.Completed())
          assert.deepStrictEqual(yield* countsOf(queue), { completed: 1 })
          assert.deepStrictEqual(yield* retry(id!), ["Completed"])
        }))
    }
  }

  it.effect("puts a job first in its lane, as the oldest of its priority", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [first] = yield* enqueue(queue, ...lane(3))
      yield* run(queue, failed)
      // A claim of another job may choose the head of the lane.
      yield* enqueue(queue, { name: "first", priority: 9 })
      yield* settle(
        yield* claim({ queue, worker: yield* workerOf(queue), limit: 1 }),
        Settlement.Completed()
      )

      assert.deepStrictEqual(yield* retry(first!), ["Redriven"])

      assert.deepStrictEqual(yield* theRest(queue), ["k1", "k2", "k3"])
    }))

  it.effect("lets a job wait behind the head of its lane that runs", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [first] = yield* enqueue(queue, ...lane(3))
      yield* run(queue, failed)
      const head = yield* claim({ queue, worker })

      assert.deepStrictEqual(yield* retry(first!), ["Redriven"])

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      yield* settle(head, Settlement.Completed())
      assert.deepStrictEqual(yield* theRest(queue), ["k1", "k3"])
    }))

  it.effect("names the job that has taken the unique key", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const control = yield* JobControl
      const first = yield* offer(queue, { key: "taken" })
      yield* run(queue, failed)
      const second = yield* offer(queue, { key: "taken" })
      yield* run(queue, failed)
      const third = yield* offer(queue, { key: "taken" })
      const before = yield* control.retry([first.id, second.id])
      yield* run(queue, failed)

      const after = yield* control.retry([second.id, third.id, first.id])

      const byThird = RetryAnswer.Conflict({ holder: third.id })
      const byFirst = RetryAnswer.Conflict({ holder: first.id })
      assert.deepStrictEqual(before, [byThird, byThird])
      assert.deepStrictEqual(after, [byFirst, byFirst, RetryAnswer.Redriven()])
    }))

  it.effect("queues a job again as often as it fails", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name: "again" })

      for (let life = 0; life < 3; life++) {
        yield* run(queue, failed)
        assert.deepStrictEqual(yield* cancel(id!), [{ _tag: "Finished", outcome: "failed" }])
        assert.deepStrictEqual(yield* retry(id!), ["Redriven"])
      }

      yield* crash(queue)
      assert.strictEqual(yield* outcomeOf(id!), "crashed")
      assert.deepStrictEqual(yield* countsOf(queue), { failed: 1 })
    }))

  it.effect("believes no settlement of an earlier life", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name: "again" }, {})
      const old = yield* claim({ queue, worker: yield* workerOf(queue) })
      yield* settle(old.slice(0, 1), failed)
      yield* retry(id!)

      const ready = [
        yield* settle(old.slice(0, 1), Settlement.Completed()),
        yield* settle(old.slice(0, 1), failed, { isRepeat: true })
      ]
      const [job] = yield* claim({ queue, worker: yield* workerOf(queue) })
      const leased = yield* settle(old.slice(0, 1), Settlement.Completed())

      assert.deepStrictEqual([...ready, leased], [[id!], [id!], [id!]])
      assert.deepStrictEqual(yield* settle([job!], Settlement.Released()), [])
      assert.deepStrictEqual(yield* theRest(queue), ["again"])
    }))

  it.effect("heeds no request to cancel an earlier life", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [id] = yield* enqueue(queue, { name: "again" }, {})
      const old = yield* claim({ queue, worker })
      yield* cancel(id!)
      yield* settle(old.slice(0, 1), failed)

      assert.deepStrictEqual(yield* retry(id!), ["Redriven"])

      const [job] = yield* claim({ queue, worker })
      assert.deepStrictEqual(yield* requests(worker), [])
      assert.deepStrictEqual(yield* settle([job!], Settlement.Released()), [])
      assert.deepStrictEqual(yield* theRest(queue), ["again"])
    }))

  it.effect("gives new jobs the ids behind", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})
      yield* run(queue, failed)

      yield* retry(id!)

      const [next] = yield* enqueue(queue, {})
      assert.isTrue(next! > id!)
    }))

  it.effect("wakes a worker", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { key: "k" })
      yield* run(queue, failed)
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

  it.effect("knows no job that was never there", () =>
    Effect.gen(function*() {
      const [id] = yield* JobRepo.use((repo) => repo.enqueue([jobOf("never")]))
      yield* discard(id!)

      assert.deepStrictEqual(yield* retry(nobody, id!, nobody), ["Unknown", "Redriven", "Unknown"])
      assert.deepStrictEqual(yield* retry(), [])
      yield* discard(id!)
    }))
}

const nobody = 9_000_000_000_000_000_000n
