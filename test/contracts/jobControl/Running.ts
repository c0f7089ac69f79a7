/**
 * The runs of a job that did not complete.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { blocked, retry } from "./ByHand.ts"
import { cancel, failed, type Services } from "./Cancelling.ts"

const runsOf = (id: bigint, limit = 10) => JobControl.use((control) => control.runs(id, { limit }))

/** Claims what is ready of a queue, and ends each job in this way after 7 ms. */
const end = Effect.fnUntraced(
  function*(queue: string, settlement: Settlement, ranFor: number | undefined = 7) {
    yield* Scheduler.use((scheduler) => scheduler.promote)
    const worker = yield* workerOf(queue)
    const jobs = yield* claim({ queue, worker })
    yield* JobRepo.use((repo) => repo.settle(jobs.map((job) => ({ ...job, settlement, ranFor }))))
    return worker
  }
)

const [now, hour] = [Duration.zero, Duration.hours(1)]

const ends: ReadonlyArray<readonly [outcome: string, Settlement]> = [
  ["failed", failed],
  ["blocked", blocked],
  ["retried", Settlement.Retried({ delay: hour, error: "no", holdsLane: false })],
  ["snoozed", Settlement.Snoozed({ delay: hour, error: "no", holdsLane: true })],
  ["cancelled", Settlement.Cancelled({ error: "no" })]
]

export const running = (it: Vitest.MethodsNonLive<Services>) => {
  for (const [expected, settlement] of ends) {
    it.effect(`records a run that ended as ${expected}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { name: "charge", key: "k" })

        const worker = yield* end(queue, settlement)

        const [run, ...others] = yield* runsOf(id!)
        const { claimedAt, endedAt, nextAt, ...rest } = run!
        assert.deepStrictEqual(rest, {
          id: id!,
          attempt: 1,
          queue,
          name: "charge",
          worker,
          ranFor: Duration.millis(7),
          outcome: expected as never,
          error: "no"
        })
        assert.lengthOf(others, 0)
        assert.isAtMost(claimedAt.getTime(), endedAt.getTime())
        assert.strictEqual(
          nextAt && Math.round((nextAt.getTime() - endedAt.getTime()) / 60_000),
          "delay" in settlement ? 60 : undefined
        )
      }))
  }

  it.effect("records no run that completed, or that was none", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})
      yield* end(queue, Settlement.Released())
      yield* end(queue, Settlement.Unhandled({ delay: now, error: "no handler" }))
      yield* end(queue, Settlement.Completed())
      const [unwanted] = yield* enqueue(queue, {})
      const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })
      yield* cancel(unwanted!)
      yield* settle(jobs, Settlement.Cancelled({ error: "no" }))

      assert.deepStrictEqual([yield* runsOf(id!), yield* runsOf(unwanted!)], [[], []])
    }))

  it.effect("keeps each run of a job, the newest first, also of a job that completed", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})
      for (const error of ["one", "two"]) {
        yield* end(queue, Settlement.Retried({ delay: now, error, holdsLane: false }))
      }
      yield* end(queue, Settlement.Failed({ error: "three", blocksLane: false }))
      yield* retry(id!)
      yield* end(queue, Settlement.Completed())

      const runs = (yield* runsOf(id!)).map(({ attempt, error }) => [attempt, error])
      assert.deepStrictEqual(runs, [[3, "three"], [2, "two"], [1, "one"]])
      assert.deepStrictEqual((yield* runsOf(id!, 1)).map(({ error }) => error), ["three"])
    }))

  it.effect("says that a run was cancelled which would have been retried", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})
      const [job] = yield* claim({ queue, worker: yield* workerOf(queue) })
      yield* cancel(id!)
      const settlement = Settlement.Retried({ delay: hour, error: "no", holdsLane: false })
      yield* JobRepo.use((repo) => repo.settle([{ ...job!, settlement, ranFor: 1 }]))

      const runs = (yield* runsOf(id!)).map(({ nextAt, outcome }) => [outcome, nextAt])
      assert.deepStrictEqual(runs, [["cancelled", undefined]])
    }))

  it.effect("records each death of a worker, but not for a job that was cancelled", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id, unwanted] = yield* enqueue(queue, {}, {})
      for (let n = 0; n < 3; n++) {
        const dead = yield* workerOf(queue)
        yield* claim({ queue, worker: dead })
        if (n === 0) yield* cancel(unwanted!)
        yield* WorkerRegistry.use((registry) => registry.reportDead(dead))
      }

      const runs = (yield* runsOf(id!)).map((
        { error, outcome, ranFor }
      ) => [outcome, error, ranFor])
      const crash = ["crashed", "the worker died while it had this job", undefined]
      assert.deepStrictEqual(runs, [crash, crash, crash])
      assert.deepStrictEqual(yield* runsOf(unwanted!), [])
    }))
}
