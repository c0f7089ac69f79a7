/**
 * The stop modes `drain` and `finish`. The store is in memory, and the test moves the clock.
 *
 * Tests `src/layers/worker/Worker.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Latch, Layer, Option, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Wake } from "../../../src/services/Notifier.ts"
import { claim, settle, workerOf } from "../../Given.ts"
import { claimable, counts, start, Task, tasks } from "../Memory.ts"

it.effect("draining ends when nothing waits: nothing behind keys, but what is for later", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const handlers = Task.toLayer((n): Effect.Effect<unknown, unknown, JobRepo> => {
      ran.push(n)
      return n === 1 ? Effect.orDie(enqueue(Task, 9)) : Effect.yieldNow
    })
    yield* enqueueAll(Task, [
      { payload: 1 },
      ...[2, 3, 4, 5, 6].map((payload) => ({ payload, key: "k" })),
      { payload: 7, delay: Duration.hours(1) }
    ])

    const control = yield* start(
      handlers.pipe(Layer.provide(Layer.succeed(JobRepo, yield* JobRepo)))
    )
    yield* control.stop("drain")

    assert.deepStrictEqual(yield* control.ended, [])
    assert.deepStrictEqual(ran.toSorted(), [1, 2, 3, 4, 5, 6, 9])
    const { completed, scheduled } = yield* counts
    assert.deepStrictEqual({ completed, scheduled }, { completed: 7, scheduled: 1 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("draining waits for a lane whose head another worker runs", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    yield* enqueueAll(Task, [1, 2].map((payload) => ({ payload, key: "k" })))
    const other = yield* workerOf("default")
    const head = yield* claim({ queue: "default", worker: other })

    const control = yield* start(Task.toLayer((n) => void ran.push(n)))
    yield* control.stop("drain")
    yield* TestClock.adjust("1 minute")
    const before = [...ran]
    yield* settle(head, Settlement.Completed())
    yield* TestClock.adjust("1 second")

    yield* control.ended
    assert.deepStrictEqual(before, [])
    assert.deepStrictEqual(ran, [2])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("finishing starts nothing more and waits for what runs", () =>
  Effect.gen(function*() {
    const goOn = yield* Latch.make()
    const started: Array<number> = []
    const handlers = Task.toLayer((n) =>
      Effect.andThen(Effect.sync(() => started.push(n)), goOn.await)
    )
    yield* tasks(5)
    const control = yield* start(handlers)
    yield* TestClock.adjust(1)

    yield* control.stop("finish")
    yield* TestClock.adjust("1 hour")
    const { running, stopping } = yield* control.status
    yield* goOn.open
    const leftBehind = yield* control.ended

    assert.deepStrictEqual([stopping, running.length], ["finish", 2])
    assert.deepStrictEqual([started, leftBehind], [[0, 1], []])
    assert.strictEqual((yield* counts).completed, 2)
    assert.deepStrictEqual(yield* claimable, [[2, 1], [3, 1], [4, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("finishing gives back the rest of a lane's run, and what was claimed ahead", () =>
  Effect.gen(function*() {
    const goOn = yield* Latch.make()
    // Quick jobs run first, so that the worker claims more jobs ahead.
    const handlers = Task.toLayer((n) => n < 50 ? undefined : goOn.await)
    yield* tasks(50)
    const control = yield* start(handlers)
    yield* TestClock.adjust(1)
    yield* enqueueAll(Task, [50, 51].map((payload) => ({ payload, key: "k" })))
    yield* enqueueAll(Task, [52, 53, 54].map((payload) => ({ payload })))
    yield* TestClock.adjust(1)
    const { prefetched } = yield* control.status

    yield* control.stop("finish")
    yield* goOn.open
    yield* control.ended

    assert.isAbove(prefetched, 0)
    assert.deepStrictEqual(yield* claimable, [[51, 1], [53, 1], [54, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a worker that is asked to stop while its claim has yet to begin does not pause", () =>
  Effect.gen(function*() {
    const isReconciling = yield* Latch.make()
    const mayGoOn = yield* Latch.make()
    const wakes = yield* Queue.unbounded<Wake>()
    const control = yield* start(Task.toLayer(() => {}), {
      notifier: (notifier) => ({ ...notifier, wakes: Stream.fromQueue(wakes) }),
      // The heartbeat reconciles, and no claim begins meanwhile.
      registry: (registry) => ({
        ...registry,
        reconcile: (...lease) =>
          Effect.andThen(
            Effect.andThen(isReconciling.open, mayGoOn.await),
            registry.reconcile(...lease)
          )
      })
    })
    const wake = Queue.offer(wakes, { _tag: "Jobs", queue: "default" })
    // Woken shortly before, the worker pauses briefly when the heartbeat comes.
    yield* TestClock.adjust("4990 millis")
    yield* wake
    yield* TestClock.adjust("20 millis")
    yield* isReconciling.await
    yield* wake
    yield* TestClock.adjust("1 millis")

    yield* control.stop("finish")
    yield* mayGoOn.open
    yield* TestClock.adjust("1 millis")

    assert.isTrue(Option.isSome(yield* Effect.timeoutOption(control.ended, 0)))
  }).pipe(Effect.provide(MemorySchema.layer)))
