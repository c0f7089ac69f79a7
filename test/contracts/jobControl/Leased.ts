/**
 * Leased jobs that are cancelled: their workers learn of it, and their runs are settled.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Notifier } from "../../../src/services/Notifier.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, enqueue, queueName, settle, settled, workerOf } from "../../Given.ts"
import {
  cancel,
  countsOf,
  failed,
  hasCancels,
  lane,
  outcomeOf,
  requests,
  type Services,
  theRest,
  undone
} from "./Cancelling.ts"

export const leased = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("tells the worker of a leased job to stop it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [worker, other] = [yield* workerOf(queue), yield* workerOf(queue)]
      yield* enqueue(queue, {}, {})
      const [job] = yield* claim({ queue, worker })
      const before = yield* hasCancels(worker)

      const [answer, again] = [yield* cancel(job!.id), yield* cancel(job!.id)]

      assert.deepStrictEqual(answer, [{ _tag: "Stopping", worker }])
      assert.deepStrictEqual(again, answer)
      assert.deepStrictEqual(yield* requests(worker), [{ id: job!.id, lease: job!.lease }])
      assert.deepStrictEqual(yield* requests(other), [])
      assert.deepStrictEqual(
        [before, yield* hasCancels(worker), yield* hasCancels(other)],
        [false, true, false]
      )
      assert.deepStrictEqual(yield* countsOf(queue), { running: 2 })
      assert.deepStrictEqual(yield* theRest(queue), [])
    }))

  it.effect("wakes the worker of a leased job", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [id] = yield* enqueue(queue, {})
      yield* claim({ queue, worker })
      const { wakes } = yield* Notifier

      const heard = yield* wakes.pipe(
        Stream.tap((wake) => wake._tag === "Everything" ? cancel(id!) : Effect.void),
        Stream.filter((wake) => wake._tag === "Cancel" && wake.worker === worker),
        Stream.take(1),
        Stream.runCollect,
        Effect.timeout("10 seconds")
      )

      assert.lengthOf(heard, 1)
    }))

  for (
    const [end, settlement, outcome] of [
      ["completes", Settlement.Completed(), "completed"],
      ["fails for good", failed, "failed"],
      ["is cancelled", Settlement.Cancelled({ error: "not wanted" }), "cancelled"],
      ...undone.map(([end, settlement]) => [end, settlement, "cancelled"] as const)
    ] as const
  ) {
    for (const key of [undefined, "k"]) {
      const keyed = key === undefined ? "without" : "with"
      it.effect(`ends a cancelled job that ${end}, ${keyed} a key, as ${outcome}`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, { key, name: "cancelled" })
          const jobs = yield* claim({ queue, worker })
          yield* enqueue(queue, { key, name: "next" })
          yield* cancel(jobs[0]!.id)

          const lost = yield* settle(jobs, settlement)

          assert.deepStrictEqual(lost, [])
          assert.strictEqual(yield* outcomeOf(jobs[0]!.id), outcome)
          // A job that completed may leave its request behind for a while.
          yield* Scheduler.use((scheduler) => scheduler.forget)
          assert.deepStrictEqual(yield* requests(worker), [])
          assert.isFalse(yield* hasCancels(worker))
          assert.deepStrictEqual(yield* settle(jobs, settlement), [jobs[0]!.id])
          assert.deepStrictEqual(yield* settle(jobs, settlement, { isRepeat: true }), [])
          assert.deepStrictEqual(yield* cancel(jobs[0]!.id), [{ _tag: "Finished", outcome }])
          assert.deepStrictEqual(yield* theRest(queue), ["next"])
        }))
    }
  }

  it.effect("settles wanted and cancelled jobs of one lease at once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const ids = yield* enqueue(queue, { name: "a" }, { name: "b" }, { name: "c" }, { name: "d" })
      const jobs = yield* claim({ queue, worker })
      yield* cancel(ids[1]!, ids[2]!)

      const { lost } = yield* JobRepo.use((repo) =>
        repo.settle([
          settled(jobs[0]!, Settlement.Released()),
          settled(jobs[1]!, Settlement.Released()),
          settled(jobs[2]!, Settlement.Completed())
        ])
      )

      assert.deepStrictEqual(lost, [])
      assert.deepStrictEqual(yield* Effect.forEach(ids, outcomeOf), [
        "unfinished",
        "cancelled",
        "completed",
        "unfinished"
      ])
      assert.deepStrictEqual(yield* theRest(queue), ["a"])
    }))

  it.effect("keeps the rest of a run when a cancelled job of it is settled as cancelled", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, ...lane(3))
      const [first, second, third] = yield* claim({ queue, worker, perLaneMax: 2 })
      yield* cancel(first!.id, third!.id)

      const end = Settlement.Cancelled({ error: "not wanted" })
      assert.deepStrictEqual(yield* settle([first!], end), [])
      const left = yield* requests(worker)
      assert.deepStrictEqual(yield* settle([second!], Settlement.Completed()), [])
      assert.deepStrictEqual(yield* settle([third!], end), [])

      assert.deepStrictEqual(left.map(({ id }) => id), [third!.id])
      assert.deepStrictEqual(yield* theRest(queue), [])
      assert.deepStrictEqual(yield* countsOf(queue), { completed: 1, cancelled: 2 })
    }))

  for (const [end, settlement] of undone) {
    it.effect(`takes the rest of a run back with a cancelled job that ${end}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, ...lane(3))
        const [first, second] = yield* claim({ queue, worker, perLaneMax: 2 })
        yield* cancel(first!.id)

        assert.deepStrictEqual(yield* settle([first!], settlement), [])

        assert.deepStrictEqual(yield* settle([second!], Settlement.Completed()), [second!.id])
        assert.deepStrictEqual(yield* theRest(queue), ["k2", "k3"])
      }))

    it.effect(`ends the cancelled rest of a run that goes back with a job that ${end}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        const ids = yield* enqueue(queue, ...lane(5), ...lane(2, "l"))
        const run = yield* claim({ queue, worker, perLaneMax: 5 })
        const first = run.filter(({ id }) => id === ids[0]!)
        yield* cancel(ids[1]!, ids[3]!, ids[6]!)

        assert.deepStrictEqual(yield* settle(first, settlement), [])

        assert.deepStrictEqual(
          yield* Effect.forEach([ids[1]!, ids[3]!, ids[6]!], outcomeOf),
          ["cancelled", "cancelled", "unfinished"]
        )
        assert.deepStrictEqual((yield* requests(worker)).map(({ id }) => id), [ids[6]!])
        assert.deepStrictEqual(
          yield* theRest(queue),
          settlement._tag === "Released"
            ? ["k1", "k3", "k5"]
            : settlement._tag === "Retried" && Duration.isZero(settlement.delay)
            ? ["k1", "k3", "k5"]
            : "holdsLane" in settlement && !settlement.holdsLane
            ? ["k3", "k5"]
            : []
        )
      }))
  }
}
