/**
 * The three ways to stop, over a queue in memory and a clock that the test leads.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Latch, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as Job from "../../src/layers/Job.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import { enqueue, enqueueAll } from "../../src/services/Enqueue.ts"
import { JobAdmin } from "../../src/services/JobAdmin.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import type { QueueControl } from "../../src/services/QueueControl.ts"
import { claim, settle, workerOf } from "../Given.ts"
import { start } from "./Memory.ts"

const Task = Job.make("task", { payload: Schema.Number })

const counts = Effect.map(JobAdmin.use((admin) => admin.counts), ([queue]) => queue!)

/** The payloads of the jobs that somebody else can claim now, each with the attempt it would be. */
const claimable = Effect.gen(function*() {
  const worker = yield* workerOf("default")
  const jobs = yield* claim({ queue: "default", worker, laneRun: 10 })
  return jobs.map(({ attempt, payload }) => [Number(payload), attempt])
})

const tasks = (count: number) =>
  enqueueAll(Task, Array.from({ length: count }, (_, payload) => ({ payload })))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

it.effect("finishing gives back the rest of a lane's run, and what was claimed ahead", () =>
  Effect.gen(function*() {
    const goOn = yield* Latch.make()
    // Fast jobs first, so that more is claimed ahead.
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
  }).pipe(Effect.provide(MemoryQueue.layer)))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

it.effect("cancelling aborts the signals of promises, and takes the jobs back", () =>
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
    const again = yield* claimable
    assert.deepStrictEqual(again[0], [0, 1])
  }).pipe(Effect.provide(MemoryQueue.layer)))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

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
  }).pipe(Effect.provide(MemoryQueue.layer)))

it.effect("a job may stop the queue that runs it", () =>
  Effect.gen(function*() {
    const control = yield* Deferred.make<QueueControl["Service"]>()
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
  }).pipe(Effect.provide(MemoryQueue.layer)))
