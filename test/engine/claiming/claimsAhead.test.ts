/**
 * How many jobs a worker claims ahead of its free slots. The store is in memory, and the test moves
 * the clock.
 *
 * Tests `src/domain/Prefetch.ts` and `src/layers/worker/ClaimLoop.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Latch, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { counts, start, Task, tasks } from "../Memory.ts"

it.effect("a worker whose slots are all taken for long leaves new jobs to others", () =>
  Effect.gen(function*() {
    const goOn = yield* Latch.make()
    yield* tasks(40)
    yield* start(Task.toLayer((n) => n < 38 ? undefined : goOn.await), { workers: 2 })
    yield* TestClock.adjust("1 second")
    const before = yield* counts

    yield* tasks(1)
    yield* TestClock.adjust("300 millis")
    const beside = yield* counts
    yield* goOn.open
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual([before.completed, before.running], [38, 2])
    assert.deepStrictEqual([beside.running, beside.ready], [2, 1])
    assert.strictEqual((yield* counts).completed, 41)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect(
  "a worker whose slots were just taken, while none became free, leaves new jobs to others",
  () =>
    Effect.gen(function*() {
      const goOn = yield* Latch.make()
      let started = 0
      yield* tasks(38)
      yield* start(Task.toLayer(() => started++ < 38 ? undefined : goOn.await), { workers: 2 })
      yield* TestClock.adjust("1 second")

      for (const _ of ["a slot's", "a slot's", "others'"]) {
        yield* tasks(1)
        yield* TestClock.adjust("1 millis")
      }
      const beside = yield* counts
      yield* goOn.open
      yield* TestClock.adjust("10 seconds")

      assert.deepStrictEqual([beside.completed, beside.running, beside.ready], [38, 2, 1])
      assert.strictEqual((yield* counts).completed, 41)
    }).pipe(Effect.provide(MemorySchema.layer))
)

// A signal from before the claim must not be taken for the start of the job.
it.effect("a worker with free slots claims on beside the job that it has just claimed", () =>
  Effect.gen(function*() {
    const mayEnd = yield* Latch.make()
    yield* tasks(1)
    yield* start(Task.toLayer((n) => n === 0 ? mayEnd.await : undefined), {
      workers: 5,
      notifier: (notifier) => ({
        ...notifier,
        wakes: Stream.concat(Stream.succeed({ _tag: "Everything" }), Stream.never)
      })
    })
    yield* TestClock.adjust("1 millis")
    const before = yield* counts

    yield* enqueue(Task, 1)
    yield* TestClock.adjust("5 seconds")

    assert.deepStrictEqual([before.running, before.ready], [1, 0])
    const after = yield* counts
    assert.deepStrictEqual([after.running, after.completed], [1, 1])
    yield* mayEnd.open
  }).pipe(Effect.provide(MemorySchema.layer)))
