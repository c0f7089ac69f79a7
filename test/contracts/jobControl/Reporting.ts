/**
 * Jobs whose failures are reported by other jobs.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { FailedJob, type FailureReport } from "../../../src/domain/FailureReport.ts"
import { payloadBytesMax } from "../../../src/domain/JobRecord.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, newWorker, queueName, settle, workerOf } from "../../Given.ts"
import { blocked, discard, ends, expire, retry, run } from "./ByHand.ts"
import { cancel, countsOf, failed, type Services, undone } from "./Cancelling.ts"

/** Names of this test alone, and a worker that reports their failures and then leaves. */
const reported = Effect.fnUntraced(function*(options: Partial<FailureReport> = {}) {
  const [queue, name, report] = [yield* queueName, yield* queueName, yield* queueName]
  yield* register(name, { of: name, name: report, expiresIn: undefined, ...options })
  return { queue, name, report }
})

/** A worker of the jobs of a name registers, and leaves. */
const register = Effect.fnUntraced(
  function*(name: string, ...failureReports: Array<FailureReport>) {
    const registry = yield* WorkerRegistry
    const worker = newWorker("elsewhere")
    yield* registry.join({ ...worker, names: [name], failureReports })
    yield* registry.leave(worker.id)
  }
)

const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(FailedJob))

const text = (bytes: number) => JSON.stringify("x".repeat(bytes - 2))

/** Runs the ready reports of a queue, and answers what they report. */
const reportsOf = Effect.fnUntraced(function*(queue: string, report: string) {
  const jobs = yield* run(queue, Settlement.Completed())
  assert.deepStrictEqual(jobs.map(({ name }) => name), jobs.map(() => report))
  return yield* Effect.forEach(jobs, ({ payload }) => decode(JSON.parse(payload!)))
})

export const reporting = (it: Vitest.MethodsNonLive<Services>) => {
  for (const [outcome, end] of ends) {
    const isReported = outcome !== "cancelled" && outcome !== "discarded"
    it.effect(`${isReported ? "reports once" : "does not report"} a job that is ${outcome}`, () =>
      Effect.gen(function*() {
        const { name, queue, report } = yield* reported()
        const payload = `{"n":{"null":null}}`
        const [id] = yield* enqueue(queue, { name, key: "k", payload })

        yield* end(queue, id!)

        const reports = yield* reportsOf(queue, report)
        assert.deepStrictEqual(
          reports.map(({ error: said, ...facts }) => ({ ...facts, hasError: said !== undefined })),
          isReported
            ? [{
              id: id!,
              name,
              queue,
              key: "k",
              outcome,
              hasError: outcome !== "expired",
              attempts: outcome === "failed" ? 1 : 0,
              payload: { n: { null: null } }
            }]
            : []
        )
        assert.deepStrictEqual(yield* run(queue, Settlement.Completed()), [])
      }))
  }

  it.effect("names the last error, and no error where there was none", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      const [retried, never] = yield* enqueue(queue, { name, priority: 1 }, { name })
      const worker = yield* workerOf(queue)
      const again = { delay: Duration.hours(1), error: "not yet", holdsLane: true }
      yield* settle(yield* claim({ queue, worker, limit: 1 }), Settlement.Retried(again))
      for (const id of [retried!, never!]) yield* ends[3]![1](queue, id)

      const reports = yield* reportsOf(queue, report)

      assert.deepStrictEqual(
        reports.map(({ attempts, error, id }) => [id, attempts, error]),
        [[retried, 1, "not yet"], [never, 0, undefined]]
      )
    }))

  it.effect("reports a job that blocks its lane each time, and not its end by hand", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      const [id] = yield* enqueue(queue, { name, key: "k" })
      yield* run(queue, blocked)
      const first = yield* reportsOf(queue, report)
      yield* retry(id!)
      yield* run(queue, blocked)
      const second = yield* reportsOf(queue, report)
      yield* discard(id!)

      assert.deepStrictEqual(
        [...first, ...second].map(({ attempts, error, outcome }) => [outcome, attempts, error]),
        [["blocked", 1, "no"], ["blocked", 2, "no"]]
      )
      assert.deepStrictEqual(yield* reportsOf(queue, report), [])
    }))

  it.effect("reports no job that goes back, or that nobody wants", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      for (const [, settlement] of undone.filter(([, { _tag }]) => _tag !== "Failed")) {
        const [id] = yield* enqueue(queue, { name })
        yield* run(queue, settlement)
        yield* cancel(id!)
      }
      assert.deepStrictEqual(yield* reportsOf(queue, report), [])
    }))

  it.effect("reports once what is settled twice, and each life of a job", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      const [id] = yield* enqueue(queue, { name })
      const jobs = yield* run(queue, failed)
      yield* settle(jobs, failed)
      yield* settle(jobs, failed, { isRepeat: true })
      assert.lengthOf(yield* reportsOf(queue, report), 1)

      yield* retry(id!)
      yield* run(queue, failed)
      assert.lengthOf(yield* reportsOf(queue, report), 1)
    }))

  it.effect("reports no settlement of an earlier life", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      const [id] = yield* enqueue(queue, { name })
      const jobs = yield* run(queue, Settlement.Cancelled({ error: "not wanted" }))
      yield* retry(id!)

      yield* settle(jobs, failed)

      assert.deepStrictEqual((yield* run(queue, failed)).map((job) => job.id), [id!])
      assert.lengthOf(yield* reportsOf(queue, report), 1)
    }))

  it.effect("leaves out a payload with which the report would be too large", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      yield* enqueue(
        queue,
        { name, payload: text(payloadBytesMax - 1000) },
        { name, payload: text(payloadBytesMax) }
      )
      yield* run(queue, failed)

      const reports = yield* reportsOf(queue, report)

      assert.deepStrictEqual(reports.map((job) => "payload" in job), [true, false])
    }))

  it.effect("reports no failure of a report, whatever workers say", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      yield* register(report, { of: report, name, expiresIn: undefined })
      yield* enqueue(queue, { name: report })
      yield* run(queue, failed)
      assert.deepStrictEqual(yield* countsOf(queue), { failed: 1 })
    }))

  it.effect("goes by the worker that registered last", () =>
    Effect.gen(function*() {
      const { name, queue, report } = yield* reported()
      const other = yield* queueName
      const failing = Effect.gen(function*() {
        yield* enqueue(queue, { name })
        yield* run(queue, failed)
        return (yield* run(queue, Settlement.Completed())).map((job) => job.name)
      })
      const first = yield* failing
      yield* register(name, { of: name, name: other, expiresIn: undefined })
      const second = yield* failing
      yield* register(name)
      const third = yield* failing

      assert.deepStrictEqual([first, second, third], [[report], [other], []])
    }))

  it.effect("lets reports expire as their kind says", () =>
    Effect.gen(function*() {
      const { name, queue } = yield* reported({ expiresIn: Duration.zero })
      yield* enqueue(queue, { name })
      yield* run(queue, failed)

      yield* expire

      assert.deepStrictEqual(yield* countsOf(queue), { failed: 1, expired: 1 })
    }))
}
