/**
 * Jobs that are cancelled while a worker holds them. The store is in memory, and the test moves the
 * clock.
 *
 * Tests `src/services/Cancel.ts`, `src/layers/worker/Cancels.ts` and
 * `src/layers/worker/JobRunner.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { setImmediate } from "node:timers/promises"
import { JobInterrupted } from "../../../src/domain/Errors.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { Notifier } from "../../../src/services/Notifier.ts"
import { countsOf } from "../../contracts/jobControl/Cancelling.ts"
import { start, Task, tasks } from "../Memory.ts"

const cancelled = new JobInterrupted({ why: "cancelled" })
/** Hears of no cancelled job. */
const deaf = (notifier: Notifier["Service"]): Notifier["Service"] => ({
  ...notifier,
  wakes: Stream.filter(notifier.wakes, ({ _tag }) => _tag !== "Cancel")
})

const outcomeOf = (id: bigint) => JobControl.use((control) => control.outcomeOf(id))

it.effect("a running Effect is interrupted, and may clean up", () =>
  Effect.gen(function*() {
    const reasons: Array<unknown> = []
    const handlers = Task.toLayer((_, { signal }) =>
      Effect.onExit(Effect.never, (exit) => {
        reasons.push(Exit.isFailure(exit) && Job.interruption(exit.cause), signal.reason)
        return Effect.sleep("2 seconds")
      })
    )
    const [id] = yield* tasks(1)
    yield* start(handlers)
    yield* TestClock.adjust(1)

    const answer = yield* Job.cancel(id!)
    yield* TestClock.adjust("1 second")
    const before = yield* outcomeOf(id!)
    yield* TestClock.adjust("1 second")

    assert.strictEqual(answer._tag, "Stopping")
    assert.deepStrictEqual(reasons, [cancelled, cancelled])
    assert.deepStrictEqual([before, yield* outcomeOf(id!)], ["unfinished", "cancelled"])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a promise is told by its signal, and awaited", () =>
  Effect.gen(function*() {
    const reasons: Array<unknown> = []
    const handlers = Task.toLayer((_, { signal }) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason)
          reject(signal.reason)
        })
      })
    )
    const [id] = yield* tasks(1)
    yield* start(handlers)
    yield* TestClock.adjust(1)

    const waiter = yield* Effect.forkChild(Job.cancel(id!, { wait: "1 minute" }))
    yield* turns
    yield* TestClock.adjust("500 millis")

    assert.deepStrictEqual(yield* Fiber.join(waiter), { _tag: "Cancelled" })
    assert.deepStrictEqual(reasons, [cancelled])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a job that waits ends at once, and none is told to wait for it", () =>
  Effect.gen(function*() {
    const id = yield* enqueue(Task, 0, { delay: "1 hour" })

    const answer = yield* Job.cancel(id, { reason: "left", wait: "1 minute" })

    assert.deepStrictEqual(answer, { _tag: "Cancelled" })
    assert.deepStrictEqual(yield* Job.cancel(id + 1n, { wait: "1 minute" }), { _tag: "Unknown" })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a run that succeeds nevertheless is completed, and who waits is told", () =>
  Effect.gen(function*() {
    const isDone = yield* Deferred.make<void>()
    const handlers = Task.toLayer(() => Effect.runPromise(Deferred.await(isDone)))
    const [id] = yield* tasks(1)
    yield* start(handlers)
    yield* TestClock.adjust(1)

    const waiter = yield* Effect.forkChild(Job.cancel(id!, { wait: "1 minute" }))
    yield* TestClock.adjust("30 seconds")
    assert.isUndefined(waiter.pollUnsafe())
    yield* Deferred.succeed(isDone, undefined)
    yield* turns
    yield* TestClock.adjust("500 millis")

    assert.deepStrictEqual(yield* Fiber.join(waiter), { _tag: "Finished", outcome: "completed" })
    assert.deepStrictEqual(yield* countsOf("default"), { completed: 1 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a wait that is over says that the job is stopping still", () =>
  Effect.gen(function*() {
    const [id] = yield* tasks(1)
    yield* start(Task.toLayer(() => Effect.uninterruptible(Effect.sleep("10 seconds"))))
    yield* TestClock.adjust(1)

    const waiter = yield* Effect.forkChild(Job.cancel(id!, { wait: "5 seconds" }))
    yield* TestClock.adjust("5 seconds")

    assert.strictEqual((yield* Fiber.join(waiter))._tag, "Stopping")
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(yield* outcomeOf(id!), "cancelled")
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("who waits asks less and less often", () =>
  Effect.gen(function*() {
    let asked = 0
    const [id] = yield* tasks(1)
    yield* start(Task.toLayer(() => Effect.uninterruptible(Effect.sleep("10 seconds"))))
    yield* TestClock.adjust(1)
    const control = yield* JobControl
    const counted = {
      ...control,
      outcomeOf: (id: bigint) => Effect.suspend(() => (asked++, control.outcomeOf(id)))
    }

    yield* Job.cancel(id!, { wait: "1 minute" }).pipe(
      Effect.provideService(JobControl, counted),
      Effect.forkChild
    )
    const asks: Array<number> = []
    for (let n = 0; n < 4; n++) {
      yield* TestClock.adjust("1 second")
      asks.push(asked)
    }

    assert.deepStrictEqual(asks, [6, 8, 10, 12])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("jobs that a worker has claimed ahead do not start, alone or in the middle of a lane", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const handlers = Task.toLayer((n) => {
      ran.push(n)
      return n === 1 ? Effect.sleep("1 second") : Effect.void
    })
    // Many quick jobs make the worker claim ahead.
    yield* enqueueAll(Task, Array.from({ length: 50 }, () => ({ payload: 0 })))
    yield* start(handlers, { workers: 1 })
    yield* turns
    const inLane = [1, 2, 3, 4].map((payload) => ({ payload, key: "k" }))
    const ids = yield* enqueueAll(Task, [...inLane, { payload: 5 }, { payload: 6 }])
    yield* turns
    const before = yield* countsOf("default")

    const answers = yield* Effect.forEach([ids[1]!, ids[2]!, ids[4]!], (id) => Job.cancel(id))
    yield* turns
    const alone = yield* outcomeOf(ids[4]!)
    yield* TestClock.adjust("1 second")
    yield* turns

    assert.deepStrictEqual(before, { completed: 50, running: 6 })
    assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Stopping", "Stopping", "Stopping"])
    assert.strictEqual(alone, "cancelled")
    assert.deepStrictEqual(ran.filter((n) => n > 0), [1, 4, 6])
    assert.deepStrictEqual(yield* countsOf("default"), { completed: 53, cancelled: 3 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a lane goes on in order without its running job", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const handlers = Task.toLayer((n) => {
      ran.push(n)
      return n === 0 ? Effect.never : Effect.void
    })
    const jobs = [0, 1, 2].map((payload) => ({ payload, key: "k" }))
    const [id] = yield* enqueueAll(Task, jobs)
    yield* start(handlers)
    yield* TestClock.adjust(1)

    yield* Job.cancel(id!)
    yield* turns

    assert.deepStrictEqual(ran, [0, 1, 2])
    assert.deepStrictEqual(yield* countsOf("default"), { completed: 2, cancelled: 1 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a worker that heard no wake-up learns of it with its next renewal", () =>
  Effect.gen(function*() {
    const [id] = yield* tasks(1)
    yield* start(Task.toLayer(() => Effect.never), { notifier: deaf })
    yield* TestClock.adjust(1)

    yield* Job.cancel(id!)
    yield* TestClock.adjust("100 millis")
    const before = yield* outcomeOf(id!)
    yield* TestClock.adjust("5 seconds")

    assert.deepStrictEqual([before, yield* outcomeOf(id!)], ["unfinished", "cancelled"])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("all jobs of a kind are cancelled, where they wait and where they run", () =>
  Effect.gen(function*() {
    const Other = Job.make("other")
    yield* tasks(5)
    yield* enqueue(Other)
    yield* start(Task.toLayer(() => Effect.never), { workers: 2 })
    yield* TestClock.adjust(1)

    const counts = yield* Job.cancelAll({ name: Task }, { reason: "left" })
    yield* turns

    assert.deepStrictEqual(counts, { cancelled: 3, stopping: 2, held: 0 })
    assert.strictEqual((yield* countsOf("default"))["cancelled"], 5)
  }).pipe(Effect.provide(MemorySchema.layer)))

/** Lets promises settle, and what was settled be recorded. */
const turns = Effect.gen(function*() {
  for (let n = 0; n < 10; n++) {
    yield* Effect.promise(() => setImmediate())
    yield* TestClock.adjust(1)
  }
})
