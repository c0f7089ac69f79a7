/**
 * How several jobs of one lane run under one lease.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Scheduler } from "../../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, runAll, settle, settled, workerOf } from "../../Given.ts"

export const laneRuns = (it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>) => {
  it.effect("brings the next jobs of a lane along, in order and under one lease", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, ...lane("k", 5), { name: "un-keyed" }, ...lane("l", 1))

      const run = yield* claim({ queue, worker: yield* workerOf(queue), limit: 1, perLaneMax: 3 })

      assert.deepStrictEqual(run.map(({ name }) => name), ["k1", "k2", "k3", "k4"])
      assert.strictEqual(new Set(run.map(({ lease }) => lease)).size, 1)
    }))

  it.effect("keeps the lane until the run is over", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, ...lane("k", 4))
      const [first, second, third] = yield* claim({ queue, worker, perLaneMax: 2 })

      assert.deepStrictEqual(yield* settle([first!], Settlement.Completed()), [])
      yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })
      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      const failed = Settlement.Failed({ error: "no", blocksLane: false })
      assert.deepStrictEqual(yield* settle([second!], failed), [])
      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      assert.deepStrictEqual(yield* settle([third!], Settlement.Completed()), [])

      assert.deepStrictEqual(yield* runAll({ queue, worker }), ["urgent", "k4"])
    }))

  for (
    const settlement of [
      Settlement.Failed({ error: "no", blocksLane: false }),
      Settlement.Cancelled({ error: "not wanted" })
    ]
  ) {
    it.effect(`goes on after a job in the middle of a run that is ${settlement._tag}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, ...lane("k", 4))
        const [first, second, third] = yield* claim({ queue, worker, perLaneMax: 2 })

        const { lost } = yield* JobRepo.use((repo) =>
          repo.settle([settled(first!, Settlement.Completed()), settled(second!, settlement)])
        )
        yield* enqueue(queue, { name: "urgent", key: "k", priority: 5 })

        assert.deepStrictEqual(lost, [])
        assert.deepStrictEqual(yield* claim({ queue, worker }), [])
        assert.deepStrictEqual(yield* settle([third!], settlement), [])
        assert.deepStrictEqual(yield* runAll({ queue, worker }), ["urgent", "k4"])
      }))
  }

  for (
    const settlement of [
      Settlement.Released(),
      Settlement.Retried({ error: "not yet", delay: Duration.hours(1), holdsLane: false }),
      Settlement.Retried({ error: "not yet", delay: Duration.hours(1), holdsLane: true }),
      Settlement.Snoozed({ error: "not yet", delay: Duration.hours(1), holdsLane: false }),
      Settlement.Snoozed({ error: "not yet", delay: Duration.hours(1), holdsLane: true }),
      Settlement.Unhandled({ error: "not here", delay: Duration.hours(1) }),
      Settlement.Failed({ error: "no", blocksLane: true })
    ]
  ) {
    const holds = "holdsLane" in settlement ? `, lane held: ${settlement.holdsLane}` : ""
    it.effect(`takes the rest of a run back with a job that is ${settlement._tag}${holds}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, ...lane("k", 3), ...lane("l", 2))
        const run = yield* claim({ queue, worker, perLaneMax: 5 })
        const [first, second, third] = run.filter(({ key }) => key === "k")
        const others = run.filter(({ key }) => key === "l")

        const settling = yield* JobRepo.use((repo) =>
          repo.settle([settled(first!, Settlement.Completed()), settled(second!, settlement)])
        )

        assert.deepStrictEqual([settling.lost, settling.rowLocked], [[], []])
        assert.deepStrictEqual(yield* settle([third!], Settlement.Completed()), [third!.id])
        assert.deepStrictEqual(yield* settle(others, Settlement.Completed()), [])
        assert.deepStrictEqual(
          yield* runAll({ queue, worker }),
          settlement._tag === "Released"
            ? ["k2", "k3"]
            : "holdsLane" in settlement && !settlement.holdsLane
            ? ["k3"]
            : []
        )
      }))
  }
}

const lane = (key: string, length: number) =>
  Array.from({ length }, (_, n) => ({ key, name: `${key}${n + 1}` }))
