/**
 * Progress of runs: how often it is sent, and what cannot be kept.
 *
 * Tests `src/layers/worker/Reports.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import type { RunningJob } from "../../../src/domain/JobRecord.ts"
import type { RunReport } from "../../../src/domain/RunReport.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import type { RunReports } from "../../../src/services/RunReports.ts"
import { start } from "../Memory.ts"

const Import = Job.make("import")

/** Starts runs that go on until the test ends, and answers them and the statements they cost. */
const running = Effect.fnUntraced(function*(count: number, failures = 0) {
  const jobs: Array<RunningJob> = []
  const sent: Array<ReadonlyArray<RunReport>> = []
  const lines: Array<string> = []
  const reports = ({ keep }: RunReports["Service"]): RunReports["Service"] => ({
    keep: (reports) => {
      sent.push(reports)
      return sent.length > failures ? keep(reports) : Effect.fail(
        new StoreError({ operation: "report", isTransient: true, detail: "no", cause: "no" })
      )
    }
  })
  yield* enqueueAll(Import, Array.from({ length: count }, () => ({})))
  const worker = yield* start(
    Import.toLayer((_, job) => {
      jobs.push(job)
      return Effect.never
    }),
    { workers: count, reports, lines }
  )
  yield* TestClock.adjust(1)
  assert.lengthOf(jobs, count)
  return { jobs, sent, lines, worker }
})

const fractions = (sent: ReadonlyArray<ReadonlyArray<RunReport>>) =>
  sent.map((reports) => reports.map(({ progress }) => progress?.fraction))

const said = (lines: ReadonlyArray<string>, pattern: RegExp) =>
  lines.filter((line) => pattern.test(line))

it.effect("the last reports of a second go in one statement for all runs", () =>
  Effect.gen(function*() {
    const { jobs, sent, worker } = yield* running(2)
    const [first, second] = jobs

    for (let row = 0; row < 1000; row++) first!.progress(row / 1000, { row })
    second!.progress(0.5)
    yield* TestClock.adjust("1 second")
    const { progress } = first!
    progress(1)
    yield* TestClock.adjust("999 millis")
    assert.lengthOf(sent, 1)
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(fractions(sent), [[0.999, 0.5], [1]])
    assert.strictEqual(sent[0]![0]!.progress?.data, "{\"row\":999}")
    const status = yield* worker.status
    assert.deepStrictEqual(status.running.map(({ fraction }) => fraction), [1, 0.5])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a worker whose handlers report nothing sends nothing", () =>
  Effect.gen(function*() {
    const { sent } = yield* running(2)

    yield* TestClock.adjust("1 minute")

    assert.deepStrictEqual(sent, [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("nothing is sent of a run that has ended", () =>
  Effect.gen(function*() {
    const sent: Array<unknown> = []
    const begun = yield* Deferred.make<RunningJob>()
    yield* enqueueAll(Import, [{}])
    yield* start(
      Import.toLayer((_, job) => {
        job.progress(0.5)
        return Deferred.succeed(begun, job)
      }),
      { reports: ({ keep }) => ({ keep: (reports) => (sent.push(reports), keep(reports)) }) }
    )
    const job = yield* Deferred.await(begun)
    yield* TestClock.adjust(1)

    job.progress(0.7)
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(sent, [])
  }).pipe(Effect.provide(MemorySchema.layer)))

const invalid: ReadonlyArray<readonly [unknown, unknown, string]> = [
  [1.5, undefined, "its fraction is not a number from 0 to 1"],
  [NaN, undefined, "its fraction is not a number from 0 to 1"],
  ["0.5", undefined, "its fraction is not a number from 0 to 1"],
  [0.5, 1n, "its data cannot be stored: it cannot be read: TypeError: Do not know"],
  [0.5, "x".repeat(8191), "its data cannot be stored: it has 8193 bytes as JSON; at most 8192 fit"],
  [0.5, "\0", "its data cannot be stored: it has a character that PostgreSQL cannot store"]
]

for (const [fraction, data, issue] of invalid) {
  const name = `${String(fraction)} with ${typeof data} of ${String(data).length}`
  it.effect(`progress of ${name} is logged once a run, and changes nothing`, () =>
    Effect.gen(function*() {
      const { jobs: [job], lines, sent } = yield* running(1)

      for (let n = 0; n < 2; n++) {
        Reflect.apply(job!.progress, undefined, [fraction, data])
        yield* TestClock.adjust("1 second")
      }
      job!.progress(0.6)
      yield* TestClock.adjust("1 second")

      assert.deepStrictEqual(fractions(sent), [[0.6]])
      const [line, ...others] = said(lines, /progress/)
      assert.include(line, `the progress of job ${job!.id} (import) is not kept: ${issue}`)
      assert.deepStrictEqual(others, [])
    }).pipe(Effect.provide(MemorySchema.layer)))
}

it.effect("reports that a store refuses are sent again, unless newer ones have come", () =>
  Effect.gen(function*() {
    const { jobs, lines, sent } = yield* running(2, 2)
    const [first, second] = jobs

    first!.progress(0.1)
    second!.progress(0.2)
    yield* TestClock.adjust("1 second")
    second!.progress(0.3)
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(fractions(sent), [[0.1, 0.2], [0.1, 0.3], [0.1, 0.3]])
    assert.lengthOf(said(lines, /could not keep the reports/), 1)
  }).pipe(Effect.provide(MemorySchema.layer)))
