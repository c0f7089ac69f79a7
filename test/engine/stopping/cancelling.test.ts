/**
 * Stopping a worker together with its running jobs. The store is in memory, and the test moves the
 * clock.
 *
 * Tests `src/layers/worker/Worker.ts` and `src/layers/worker/JobRunner.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { EventEmitter, once } from "node:events"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import type { WorkerControl } from "../../../src/services/WorkerControl.ts"
import { claimable, counts, start, Task, tasks } from "../Memory.ts"

it.effect("cancelling interrupts Effects and lets them clean up", () =>
  Effect.gen(function*() {
    const trace: Array<string> = []
    const log = (text: string) => Effect.sync(() => trace.push(text))
    const handlers = Task.toLayer((n) =>
      log(`start ${n}`).pipe(
        Effect.andThen(Effect.never),
        Effect.onInterrupt(() => Effect.andThen(Effect.sleep("10 seconds"), log(`clean ${n}`)))
      )
    )
    yield* tasks(2)
    const control = yield* start(handlers)
    yield* TestClock.adjust(1)

    yield* control.stop("cancel")
    const ended = yield* Effect.forkChild(control.ended)
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(yield* Fiber.join(ended), [])
    assert.deepStrictEqual(trace, ["start 0", "start 1", "clean 0", "clean 1"])
    assert.deepStrictEqual(yield* claimable, [[0, 1], [1, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("cancelling aborts the signals of promises, and takes back those that give up", () =>
  Effect.gen(function*() {
    const handlers = Task.toLayer((n, { signal }) =>
      new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => n === 0 ? reject(signal.reason) : resolve())
      })
    )
    yield* tasks(2)
    const control = yield* start(handlers)
    yield* TestClock.adjust(1)

    yield* control.stop("cancel")

    assert.deepStrictEqual(yield* control.ended, [])
    // The other job ended without an error.
    assert.strictEqual((yield* counts).completed, 1)
    assert.deepStrictEqual(yield* claimable, [[0, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("cancelling says nothing of a job that does not heed its signal, and ends", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const news = new EventEmitter()
    yield* tasks(2)
    const handlers = Task.toLayer(() => once(news, "end"))
    const control = yield* start(handlers, { lines })
    yield* TestClock.adjust(1)

    yield* control.stop("cancel")
    news.emit("end")

    assert.deepStrictEqual(yield* control.ended, [])
    assert.strictEqual((yield* counts).completed, 2)
    assert.deepStrictEqual(lines, [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("cancelling leaves behind what does not stop within the grace, still leased", () =>
  Effect.gen(function*() {
    const handlers = Task.toLayer((n) =>
      n === 0
        ? Effect.uninterruptible(Effect.never)
        : n === 1
        ? new Promise<never>(() => {})
        : Effect.never
    )
    const ids = yield* tasks(3)
    const control = yield* start(handlers, { workers: 3 })
    yield* TestClock.adjust(1)

    yield* control.stop("cancel")
    const ended = yield* Effect.forkChild(control.ended)
    yield* TestClock.adjust("29 seconds")
    const early = ended.pollUnsafe()
    yield* TestClock.adjust("1 seconds")

    assert.isUndefined(early)
    assert.deepStrictEqual(yield* Fiber.join(ended), ids.slice(0, 2))
    assert.strictEqual((yield* counts).running, 2)
    assert.deepStrictEqual(yield* claimable, [[2, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("closing the scope finishes, and cancels after the grace", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const quick = yield* Deferred.make<void>()
    const handlers = Task.toLayer((n) => n === 0 ? Deferred.await(quick) : Effect.never)
    yield* tasks(3)
    yield* start(handlers, { scope })
    yield* TestClock.adjust(1)

    const closed = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("20 seconds")
    yield* Deferred.succeed(quick, undefined)
    yield* TestClock.adjust("9 seconds")
    const early = closed.pollUnsafe()
    yield* TestClock.adjust("1 seconds")
    yield* Fiber.join(closed)

    assert.isUndefined(early)
    assert.strictEqual((yield* counts).completed, 1)
    assert.deepStrictEqual(yield* claimable, [[1, 1], [2, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a milder request changes nothing, a harder one goes on from there", () =>
  Effect.gen(function*() {
    const handlers = Task.toLayer(() => Effect.never)
    yield* tasks(1)
    const control = yield* start(handlers)
    yield* TestClock.adjust(1)

    const modes: Array<string | undefined> = []
    for (const mode of ["finish", "drain", "cancel", "finish"] as const) {
      yield* control.stop(mode)
      modes.push((yield* control.status).stopping)
    }

    assert.deepStrictEqual(modes, ["finish", "finish", "cancel", "cancel"])
    assert.deepStrictEqual(yield* control.ended, [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a job may stop the queue that runs it", () =>
  Effect.gen(function*() {
    const control = yield* Deferred.make<WorkerControl["Service"]>()
    const handlers = Task.toLayer(() =>
      Deferred.await(control).pipe(
        Effect.flatMap(({ stop }) => stop("cancel")),
        Effect.andThen(Effect.never)
      )
    )
    const running = yield* start(handlers)
    yield* Deferred.succeed(control, running)
    yield* tasks(3)

    assert.deepStrictEqual(yield* running.ended, [])
    assert.deepStrictEqual(yield* claimable, [[0, 1], [1, 1], [2, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))
