/**
 * The contract of `RunReports`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, type Layer, Queue, Schema, Stream } from "effect"
import type { ClaimedJob } from "../../src/domain/JobRecord.ts"
import type { JobView } from "../../src/domain/JobView.ts"
import type { RunReport } from "../../src/domain/RunReport.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as Job from "../../src/layers/job/Job.ts"
import type { JobControl } from "../../src/services/JobControl.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { RunReports } from "../../src/services/RunReports.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../Given.ts"

const Greet = Job.make("greet", { success: Schema.Finite })

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

const failure = (id: bigint) => Effect.flip(Stream.runDrain(Job.observe(Greet, id)))

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

      it.effect("shows whoever observes a job how far it has come, until it has ended", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const [id] = yield* enqueue(queue, { maxAttempts: 9 })
          const seen = yield* Queue.unbounded<JobView>()
          const observing = yield* Effect.forkChild(
            Stream.runForEach(Job.observe(Greet, id!), (view) => Queue.offer(seen, view))
          )

          const waiting = yield* Queue.take(seen)
          const job = yield* claimed(queue, worker)
          const running = yield* Queue.take(seen)
          yield* keep({ ...reportOf(job, []), progress: { fraction: 0.4, data: "{\"row\":4}" } })
          const halfway = yield* Queue.take(seen)
          yield* settle([job], retried)
          const again = yield* Queue.take(seen)
          yield* settle([yield* claimed(queue, worker)], Settlement.Completed())
          yield* Fiber.join(observing)
          const last = (yield* Queue.takeAll(seen)).at(-1)

          const states = [waiting, running, halfway, again, last].map((view) => view?.state)
          assert.deepStrictEqual(states.slice(0, 3), ["waiting", "running", "running"])
          assert.strictEqual(states.at(-1), "completed")
          assert.isUndefined(running.progress)
          const { data, fraction } = halfway.progress!
          assert.deepStrictEqual({ data, fraction }, { data: { row: 4 }, fraction: 0.4 })
          assert.isUndefined(again.progress)
        }))

      it.effect("observes no job that there is not, or of another kind", () =>
        Effect.gen(function*() {
          const [id] = yield* enqueue(yield* queueName, { name: "charge" })

          assert.strictEqual((yield* failure(9_000_000_000_000_000_000n))._tag, "JobUnknown")
          assert.strictEqual((yield* failure(id!))._tag, "WrongKind")
        }))

      it.effect("answers the first of some jobs to end", () =>
        Effect.gen(function*() {
          const [first, second] = [yield* queueName, yield* queueName]
          const [slow] = yield* enqueue(first, {})
          const [quick] = yield* enqueue(second, {})
          const waiting = yield* Effect.forkChild(Job.awaitFirst(Greet, [slow!, quick!]))
          const job = yield* claimed(second, yield* workerOf(second))
          const result = { keep: Duration.days(1), value: "7" }
          yield* settle([job], Settlement.Completed({ result }))

          assert.deepStrictEqual(yield* Fiber.join(waiting), { id: quick!, exit: Exit.succeed(7) })

          const none = yield* Effect.flip(Job.awaitFirst(Greet, []))
          assert.strictEqual(none.message, "there is no job to wait for")
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
