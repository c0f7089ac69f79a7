/**
 * The contract of `RunReports`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer } from "effect"
import type { ClaimedJob } from "../../src/domain/JobRecord.ts"
import type { RunReport } from "../../src/domain/RunReport.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as Job from "../../src/layers/job/Job.ts"
import type { JobControl } from "../../src/services/JobControl.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { RunReports } from "../../src/services/RunReports.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../Given.ts"

const keep = (...reports: ReadonlyArray<RunReport>) =>
  RunReports.use((store) => store.keep(reports))

const reportOf = (
  { attempt, id, lease }: ClaimedJob,
  lines: ReadonlyArray<string>,
  first = 1
): RunReport => ({
  id,
  lease,
  attempt,
  progress: undefined,
  lines: lines.map((line, index) => ({ n: first + index, level: "Info", line, age: 0 }))
})

const retried = Settlement.Retried({ delay: Duration.zero, error: "no", holdsLane: false })

/** Claims the only job of a queue, when it is due. */
const claimed = Effect.fnUntraced(function*(queue: string, worker: string) {
  return yield* eventually(Effect.gen(function*() {
    yield* Scheduler.use((scheduler) => scheduler.promote)
    const [job] = yield* claim({ queue, worker })
    assert(job !== undefined)
    return job
  }))
})

const linesOf = (id: bigint, options?: { readonly skip?: number; readonly limit?: number }) =>
  Effect.map(Job.logs(id, options), (lines) => lines.map(({ line }) => line))

export const suite = (
  name: string,
  services: Layer.Layer<JobControl | JobRepo | RunReports | Scheduler | WorkerRegistry, unknown>
) =>
  withLayer(services, { timeout: "60 seconds", excludeTestServices: true })(
    `RunReports (${name})`,
    (it) => {
      it.effect("keeps the lines of each run in their order, and how the run ended", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const [id] = yield* enqueue(queue, { maxAttempts: 9 })
          const first = yield* claimed(queue, worker)
          yield* keep(reportOf(first, ["one", "two"]))
          yield* keep(reportOf(first, ["three"], 3))
          yield* settle([first], retried)
          const second = yield* claimed(queue, worker)
          yield* keep(reportOf(second, ["four"]))
          yield* settle([second], Settlement.Completed())

          const [, , , failure, last] = yield* Job.logs(id!)

          assert.deepStrictEqual(
            yield* linesOf(id!),
            ["one", "two", "three", "retried: no", "four"]
          )
          assert.deepStrictEqual(yield* linesOf(id!, { skip: 1, limit: 2 }), ["two", "three"])
          assert.deepStrictEqual([failure?.level, failure?.attempt], ["Error", 1])
          assert.deepStrictEqual([last?.level, last?.attempt], ["Info", 2])
          assert.instanceOf(last?.at, Date)
        }))

      it.effect("keeps nothing of a run that has lost its job, and tells it", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const [id] = yield* enqueue(queue, {})
          const lost = yield* claimed(queue, worker)
          yield* settle([lost], Settlement.Released())
          const [late, right] = [
            reportOf(lost, ["late"]),
            reportOf(yield* claimed(queue, worker), ["right"])
          ]

          assert.deepStrictEqual(yield* keep(late, right), [late])

          assert.deepStrictEqual(yield* linesOf(id!), ["right"])
        }))

      it.effect("has no lines of a job that there is not", () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Job.logs(9_000_000_000_000_000_000n), [])
        }))

      it.effect("answers no numbers of lines that are none", () =>
        Effect.gen(function*() {
          const errors = [
            yield* Effect.flip(Job.logs(1n, { limit: 0 })),
            yield* Effect.flip(Job.logs(1n, { skip: -1 }))
          ]
          assert.deepStrictEqual(errors.map(({ _tag }) => _tag), Array(2).fill("JobInvalid"))
        }))
    }
  )
