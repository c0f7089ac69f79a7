/**
 * Cancelled jobs whose leases end in another way than by their settlement.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../../Given.ts"
import {
  cancel,
  countsOf,
  lane,
  outcomeOf,
  requests,
  type Services,
  theRest
} from "./Cancelling.ts"

export const ending = (it: Vitest.MethodsNonLive<Services>) => {
  for (
    const [how, end] of [
      ["leaves", (worker: string) => WorkerRegistry.use((registry) => registry.leave(worker))],
      [
        "is reported dead",
        (worker: string) => WorkerRegistry.use((registry) => registry.reportDead(worker))
      ],
      [
        "does not know their lease",
        (worker: string) => WorkerRegistry.use((registry) => registry.reconcile(worker, []))
      ],
      [
        "is taken for dead",
        () =>
          eventually(Effect.filterOrFail(
            Scheduler.use((scheduler) => scheduler.rescue),
            (rescued) => rescued > 0
          ))
      ]
    ] as const
  ) {
    it.effect(`ends the cancelled jobs of a worker that ${how}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue, how === "is taken for dead" ? "1 second" : undefined)
        const ids = yield* enqueue(queue, ...lane(3), { name: "wanted" }, { name: "cancelled" })
        const jobs = yield* claim({ queue, worker, perLaneMax: 2 })
        const cancelled = [ids[0]!, ids[4]!]
        const [answer] = yield* cancel(...cancelled)

        yield* end(worker)

        assert.strictEqual(answer?._tag, "Stopping")
        yield* eventually(Effect.gen(function*() {
          assert.deepStrictEqual(
            yield* Effect.forEach(cancelled, outcomeOf),
            ["cancelled", "cancelled"]
          )
        }))
        assert.deepStrictEqual(yield* requests(worker), [])
        assert.deepStrictEqual((yield* theRest(queue)).toSorted(), ["k2", "k3", "wanted"])
        assert.deepStrictEqual(
          yield* settle(jobs, Settlement.Completed()),
          jobs.map(({ id }) => id)
        )
        assert.deepStrictEqual(yield* countsOf(queue), { completed: 3, cancelled: 2 })
      }))
  }

  it.effect("ends a job as cancelled whose third worker dies", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const registry = yield* WorkerRegistry
      const [id] = yield* enqueue(queue, {})
      for (const isLast of [false, false, true]) {
        const dead = yield* workerOf(queue)
        assert.lengthOf(yield* claim({ queue, worker: dead }), 1)
        if (isLast) yield* cancel(id!)
        yield* registry.reportDead(dead)
      }

      assert.strictEqual(yield* outcomeOf(id!), "cancelled")
      assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 1 })
    }))

  it.effect("says of a job whose third worker died that it had crashed", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const registry = yield* WorkerRegistry
      const [id] = yield* enqueue(queue, {})
      for (let n = 0; n < 3; n++) {
        const dead = yield* workerOf(queue)
        yield* claim({ queue, worker: dead })
        yield* registry.reportDead(dead)
      }

      assert.deepStrictEqual(yield* cancel(id!), [{ _tag: "Finished", outcome: "crashed" }])
    }))

  it.effect("leaves the jobs of a lease alone that nobody has cancelled", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [dead, worker] = [yield* workerOf(queue), yield* workerOf(queue)]
      const [id] = yield* enqueue(queue, {}, {})
      yield* claim({ queue, worker: dead })
      yield* cancel(id!)
      yield* WorkerRegistry.use((registry) => registry.reportDead(dead))

      const [other] = yield* claim({ queue, worker })

      assert.deepStrictEqual(yield* requests(worker), [])
      assert.deepStrictEqual(yield* settle([other!], Settlement.Released()), [])
      assert.strictEqual(yield* outcomeOf(other!.id), "unfinished")
    }))
}
