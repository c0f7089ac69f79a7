/**
 * Logs of jobs: which lines are kept, and that lost ones fail nothing.
 *
 * Tests `src/layers/worker/Reports.ts`, `src/layers/worker/ReportSender.ts`,
 * `src/layers/worker/Unsent.ts` and `src/layers/job/HandlerLayer.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Cause, Duration, Effect, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import type { RunReport } from "../../../src/domain/RunReport.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { Unsent } from "../../../src/layers/worker/Unsent.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { RunReports } from "../../../src/services/RunReports.ts"
import { start } from "../Memory.ts"

const Import = Job.make("import", {
  payload: Schema.Finite,
  maxAttempts: 1,
  log: { level: "Warn", lines: 3 }
})

const job = {
  id: 1n,
  lease: "none",
  queue: "default",
  name: "import",
  payload: "{}",
  key: undefined,
  priority: 0,
  attempt: 1,
  maxAttempts: undefined,
  unhandledCount: 0,
  snoozeCount: 0,
  expiresAt: undefined,
  isSuspect: false
}

const linesOf = (id: bigint) =>
  Effect.map(Job.logs(id), (lines) => lines.map(({ level, line }) => `${level} ${line}`))

const outcomeOf = (id: bigint) => JobControl.use((control) => control.outcomeOf(id))

/** Long enough for short runs and their settlements. */
const soon = Effect.repeat(TestClock.adjust(1), { times: 50 })

const refusing = (isTransient: boolean) => (): RunReports["Service"] => ({
  keep: () =>
    Effect.fail(new StoreError({ operation: "report", isTransient, detail: "no", cause: "no" }))
})

it.effect("lines of the level and above are kept, also of a short run", () =>
  Effect.gen(function*() {
    const id = yield* enqueue(Import, 1)
    yield* start(
      Import.toLayer(() =>
        Effect.andThen(
          Effect.logInfo("no"),
          [
            Effect.logWarning("row", { at: 7 }),
            Effect.logError("a\0b", new Error("why"))
          ].reduce((a, b) => Effect.andThen(a, b))
        )
      )
    )
    yield* soon

    const [first, second, ...others] = yield* linesOf(id)
    assert.strictEqual(first, "Warn row {\"at\":7}")
    assert.match(second ?? "", /^Error a\uFFFDb .*why/)
    assert.deepStrictEqual(others, [])
    assert.strictEqual(yield* outcomeOf(id), "completed")
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("the loggers of the application get all lines, too", () =>
  Effect.gen(function*() {
    const own: Array<unknown> = []
    const id = yield* enqueue(Import, 1)
    const logger = Logger.layer([Logger.make(({ message }) => void own.push(message))])
    const handlers = Import.toLayer(() =>
      Effect.andThen(Effect.logInfo("both"), Effect.logWarning("kept"))
    )
    yield* start(Layer.provide(handlers, logger))
    yield* soon

    assert.deepStrictEqual(own.flat(), ["both", "kept"])
    assert.deepStrictEqual(yield* linesOf(id), ["Warn kept"])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a run keeps no more lines than its kind says, and counts the others", () =>
  Effect.gen(function*() {
    const id = yield* enqueue(Import, 1)
    const handlers = Import.toLayer(() =>
      Effect.andThen(
        Effect.repeat(Effect.logWarning("x".repeat(10_000)), { times: 4999 }),
        Effect.fail("broken")
      )
    )
    yield* start(handlers)
    yield* soon

    const lines = yield* linesOf(id)
    assert.strictEqual(lines[0]?.length, "Warn ".length + 4094)
    assert.deepStrictEqual(lines.slice(3), [
      "Info 4997 more lines are not kept",
      "Error failed: Error: broken"
    ])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("lines of a run that goes on are sent once a second", () =>
  Effect.gen(function*() {
    const sent: Array<ReadonlyArray<RunReport>> = []
    const id = yield* enqueue(Import, 1)
    yield* start(
      Import.toLayer(() => Effect.forever(Effect.delay(Effect.logWarning("tick"), "400 millis"))),
      { reports: ({ keep }) => ({ keep: (some) => (sent.push(some), keep(some)) }) }
    )
    yield* TestClock.adjust("1400 millis")
    assert.deepStrictEqual(yield* linesOf(id), Array(3).fill("Warn tick"))
    yield* TestClock.adjust("1 minute")

    assert.isAtMost(sent.length, 2)
  }).pipe(Effect.provide(MemorySchema.layer)))

for (const isTransient of [true, false]) {
  const why = isTransient ? "an outage" : "a refusal"
  it.effect(`lines that are lost to ${why} fail no job`, () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const id = yield* enqueue(Import, 1)
      yield* start(
        Import.toLayer(() => Effect.logWarning("lost")),
        { lines, reports: refusing(isTransient) }
      )
      yield* soon

      assert.strictEqual(yield* outcomeOf(id), "completed")
      assert.lengthOf(lines.filter((line) => line.includes("could not keep the reports")), 1)
    }).pipe(Effect.provide(MemorySchema.layer)))
}

it.effect("a store that does not answer keeps a slot for two seconds", () =>
  Effect.gen(function*() {
    const id = yield* enqueue(Import, 1)
    yield* start(
      Import.toLayer(() => Effect.logWarning("lost")),
      { reports: () => ({ keep: () => Effect.never }) }
    )
    yield* TestClock.adjust("1900 millis")
    assert.strictEqual(yield* outcomeOf(id), "unfinished")
    yield* TestClock.adjust("200 millis")

    assert.strictEqual(yield* outcomeOf(id), "completed")
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a kind without a log keeps nothing, and its runs send nothing", () =>
  Effect.gen(function*() {
    const sent: Array<unknown> = []
    const Plain = Job.make("plain")
    const id = yield* enqueue(Plain)
    yield* start(
      Plain.toLayer(() => Effect.andThen(Effect.logError("no"), Effect.sleep("1 minute"))),
      { reports: ({ keep }) => ({ keep: (some) => (sent.push(some), keep(some)) }) }
    )
    yield* TestClock.adjust(Duration.minutes(2))

    assert.deepStrictEqual([yield* linesOf(id), sent], [[], []])
  }).pipe(Effect.provide(MemorySchema.layer)))

it("a million lines take the room of those that are kept", () => {
  const unsent = new Unsent(job)
  const cause = Cause.empty
  for (let at = 0; at < 1_000_000; at++) {
    unsent.log({ level: "Info", lines: 5 }, { at, level: "Info", message: `line ${at}`, cause })
  }
  unsent.end(1_000_000)

  assert.deepStrictEqual(unsent.takeLines(30).map(({ n }) => n), [1, 2, 3, 4, 5])
  assert.deepStrictEqual(unsent.takeLines(30).map(({ line }) => line), [
    "999995 more lines are not kept"
  ])
})
