/**
 * Workers whose handlers wait for other jobs.
 *
 * Tests `src/layers/worker/AwaitingRuns.ts` and `src/services/Awaits.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import { start } from "../Memory.ts"

const Part = Job.make("part", { payload: Schema.Finite, success: Schema.Finite })

/** Adds so many parts to a queue, and waits for all of them. */
const Whole = Job.make("whole", {
  payload: Schema.Struct({ queue: Schema.String, parts: Schema.Finite }),
  success: Schema.Void
})

const handlers = Effect.gen(function*() {
  const services = yield* Effect.context<JobControl | JobRepo>()
  const whole = Whole.toLayer(Effect.fnUntraced(function*({ parts, queue }) {
    const given = Array.from({ length: parts }, (_, payload) => ({ payload, queue }))
    const ids = yield* enqueueAll(Part, given)
    yield* Job.awaitAll(Part, ids)
  }))
  return Layer.merge(Part.toLayer((n) => n), whole).pipe(
    Layer.provide(Layer.succeedContext(services))
  )
})

const wholes = (count: number, queue: string, parts = 1) =>
  enqueueAll(Whole, Array.from({ length: count }, () => ({ payload: { queue, parts } })))

/** The lines of a worker with two slots. */
const working = Effect.gen(function*() {
  const lines: Array<string> = []
  yield* start(yield* handlers, { lines })
  return () => lines.filter((line) => line.includes("wait for other jobs"))
})

it.effect("a worker says once that the handlers in all slots wait for other jobs", () =>
  Effect.gen(function*() {
    const said = yield* working
    const [first] = yield* wholes(2, "default")
    yield* TestClock.adjust("4 seconds")
    const before = said()
    yield* TestClock.adjust("2 seconds")
    const after = said()
    yield* JobControl.use((control) => control.cancel([first!], {}))
    yield* TestClock.adjust("1 second")
    yield* wholes(2, "default")
    yield* TestClock.adjust("1 minute")

    assert.deepStrictEqual(before, [])
    assert.deepStrictEqual(after, [
      "Warn the handlers in all slots, 2 of them, wait for other jobs: if no other worker runs " +
      "those, all of them wait for ever"
    ])
    assert.deepStrictEqual(said(), after)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a worker with a slot for other jobs says nothing, nor one whose waits are short", () =>
  Effect.gen(function*() {
    const said = yield* working
    const [long] = yield* wholes(1, "elsewhere", 3)
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(said(), [])

    for (let times = 0; times < 3; times++) {
      const [short] = yield* wholes(1, "elsewhere")
      yield* TestClock.adjust("4 seconds")
      yield* JobControl.use((control) => control.cancel([short!], {}))
      yield* TestClock.adjust("500 millis")
    }
    yield* TestClock.adjust("1 minute")

    assert.deepStrictEqual(said(), [])
    const still = yield* JobControl.use((control) => control.outcomeOf(long!))
    assert.strictEqual(still, "unfinished")
  }).pipe(Effect.provide(MemorySchema.layer)))
