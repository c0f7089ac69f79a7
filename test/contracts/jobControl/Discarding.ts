/**
 * Jobs that are discarded.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { DiscardAnswer } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { blocked, crash, delays, discard, run } from "./ByHand.ts"
import { cancel, countsOf, failed, lane, outcomeOf, type Services, theRest } from "./Cancelling.ts"

const delay = Duration.hours(1)
const discarded = DiscardAnswer.Discarded()
const again = DiscardAnswer.Finished({ outcome: "discarded" })

export const discarding = (it: Vitest.MethodsNonLive<Services>) => {
  for (const key of [undefined, "k"]) {
    const keyed = key === undefined ? "without" : "with"
    for (const [state, job] of [["ready", {}], ["delayed", { delay }]] as const) {
      it.effect(`ends a ${state} job, ${keyed} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [id] = yield* enqueue(queue, { ...job, key }, { key, name: "next" })

          assert.deepStrictEqual(yield* discard(id!, id!), [discarded, again])

          assert.strictEqual(yield* outcomeOf(id!), "discarded")
          assert.deepStrictEqual(yield* theRest(queue), ["next"])
        }))
    }

    it.effect(`leaves a leased job to its worker, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ids = yield* enqueue(queue, { key }, { key })
        const jobs = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 1 })

        const running = DiscardAnswer.Running()
        assert.deepStrictEqual(yield* discard(...ids), [running, running])

        assert.deepStrictEqual(yield* settle(jobs, Settlement.Completed()), [])
        assert.deepStrictEqual(yield* countsOf(queue), { completed: 2 })
      }))

    for (const [end, settlement] of delays) {
      it.effect(`ends a job that ${end}, ${keyed} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [id] = yield* enqueue(queue, { key })
          yield* run(queue, settlement)
          yield* enqueue(queue, { key, name: "next" })

          assert.deepStrictEqual(yield* discard(id!), [discarded])

          assert.deepStrictEqual(yield* theRest(queue), ["next"])
        }))
    }
  }

  for (const place of [0, 1, 2]) {
    it.effect(`lets a lane go on in order without its job ${place + 1}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ids = yield* enqueue(queue, ...lane(3))

        yield* discard(ids[place]!)

        const names = ["k1", "k2", "k3"].filter((_, n) => n !== place)
        assert.deepStrictEqual(yield* theRest(queue), names)
      }))
  }

  it.effect("lets a blocked lane go on", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [head] = yield* enqueue(queue, ...lane(3))
      yield* run(queue, blocked)

      assert.deepStrictEqual(yield* discard(head!), [discarded])

      assert.deepStrictEqual(yield* theRest(queue), ["k2", "k3"])
    }))

  it.effect("says how jobs had ended before", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [done] = yield* enqueue(queue, {})
      yield* run(queue, Settlement.Completed())
      const [bad] = yield* enqueue(queue, {})
      yield* run(queue, failed)
      const [crashed] = yield* enqueue(queue, {})
      yield* crash(queue)
      const [unwanted] = yield* enqueue(queue, {})
      yield* cancel(unwanted!)

      assert.deepStrictEqual(yield* discard(done!, bad!, crashed!, unwanted!, nobody), [
        DiscardAnswer.Finished({ outcome: "completed" }),
        DiscardAnswer.Finished({ outcome: "failed" }),
        DiscardAnswer.Finished({ outcome: "crashed" }),
        DiscardAnswer.Finished({ outcome: "cancelled" }),
        DiscardAnswer.Unknown()
      ])
    }))
}

const nobody = 9_000_000_000_000_000_000n
