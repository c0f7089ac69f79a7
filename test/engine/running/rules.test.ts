/**
 * Runs whose end falls under a rule of their kind, from the handler to the store.
 *
 * Tests `src/layers/worker/RunRecorder.ts` and `src/layers/worker/BrokenRules.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { counts, start } from "../Memory.ts"

class TooEarly extends Schema.TaggedError<TooEarly>()("TooEarly", {}) {}
class NotWanted extends Schema.TaggedError<NotWanted>()("NotWanted", {}) {}
class Odd extends Schema.TaggedError<Odd>()("Odd", {}) {}

const Work = Job.make("work", {
  payload: Schema.Finite,
  error: Schema.Union([TooEarly, NotWanted, Odd]),
  onError: {
    TooEarly: OnError.snooze("3 seconds"),
    NotWanted: OnError.cancel,
    Odd: () => JSON.parse("{}")
  }
})

const add = (...payloads: ReadonlyArray<number>) =>
  enqueueAll(Work, payloads.map((payload) => ({ payload, key: "k" })))

/** Lets a second pass. Jobs that are due become ready. */
const second = Effect.andThen(
  TestClock.adjust("1 second"),
  Scheduler.use((scheduler) => scheduler.promote)
)

it.effect("a snoozed job keeps its attempt, however often, and its lane waits", () =>
  Effect.gen(function*() {
    const attempts: Array<number> = []
    const lines: Array<string> = []
    const handlers = Work.toLayer((n, job) => {
      attempts.push(job.attempt)
      return n === 1 && attempts.length < 100 ? new TooEarly() : Effect.void
    })
    yield* add(1, 2)

    const control = yield* start(handlers, { lines })
    yield* second
    const first = [...attempts]
    while (attempts.length < 101) yield* second

    assert.deepStrictEqual(first, [1])
    assert.isTrue(attempts.every((attempt) => attempt === 1))
    const { done, failed, lastError, retried, snoozed } = yield* control.status
    assert.deepStrictEqual([done, failed, retried, snoozed], [2, 0, 0, 99])
    assert.isUndefined(lastError)
    assert.deepStrictEqual(lines.filter((line) => line.startsWith("Warn")), [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a cancelled job ends without an alarm, and its lane goes on", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const ran: Array<number> = []
    const handlers = Work.toLayer((n) => {
      ran.push(n)
      return n === 1 ? new NotWanted() : Effect.void
    })
    yield* add(1, 2)

    const control = yield* start(handlers, { lines })
    yield* TestClock.adjust("1 second")

    assert.deepStrictEqual(ran, [1, 2])
    const { cancelled, completed, failed } = yield* counts
    assert.deepStrictEqual([cancelled, completed, failed], [1, 1, 0])
    const status = yield* control.status
    assert.deepStrictEqual([status.cancelled, status.done, status.failed], [1, 1, 0])
    assert.deepStrictEqual(lines.filter((line) => line.startsWith("Warn")), [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a broken rule counts as a retry, and is logged once", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    yield* add(1)

    const control = yield* start(Work.toLayer(() => new Odd()), { lines })
    while ((yield* control.status).retried < 5) yield* second

    const said = lines.filter((line) => line.startsWith("Error"))
    assert.lengthOf(said, 1)
    assert.match(said[0]!, /a rule of "work" for a failed run is broken/)
  }).pipe(Effect.provide(MemorySchema.layer)))
