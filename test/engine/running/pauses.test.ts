/**
 * A worker whose jobs are paused. The store is in memory, and the test moves the clock.
 *
 * Tests `src/layers/worker/PausedJobs.ts`, `src/layers/worker/JobRunner.ts` and
 * `src/layers/worker/Maintenance.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { setImmediate } from "node:timers/promises"
import { JobInterrupted } from "../../../src/domain/Errors.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import * as Maintenance from "../../../src/layers/worker/Maintenance.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Notifier } from "../../../src/services/Notifier.ts"
import * as Queues from "../../../src/services/Queues.ts"
import { countsOf } from "../../contracts/jobControl/Cancelling.ts"
import { claimable, start, Task, tasks } from "../Memory.ts"

/** Hears of no pause. */
const deaf = (notifier: Notifier["Service"]): Notifier["Service"] => ({
  ...notifier,
  wakes: Stream.filter(notifier.wakes, ({ _tag }) => _tag !== "Pauses")
})

/** Tasks below 100 are quick, so a worker claims ahead; the others run until `isDone`. */
const quickThenSlow = Effect.gen(function*() {
  const isDone = yield* Deferred.make<void>()
  const handlers = Task.toLayer((n) => n < 100 ? undefined : Deferred.await(isDone))
  return { isDone, handlers }
})

it.effect("gives back what it has claimed ahead; a running job runs on", () =>
  Effect.gen(function*() {
    const { handlers, isDone } = yield* quickThenSlow
    yield* tasks(103)
    yield* start(handlers, { workers: 1 })
    yield* turns
    assert.deepStrictEqual(yield* countsOf("default"), { running: 3, completed: 100 })

    yield* Queues.pause("default")
    yield* turns
    assert.deepStrictEqual(yield* countsOf("default"), { running: 1, paused: 2, completed: 100 })
    yield* Deferred.succeed(isDone, undefined)
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(yield* countsOf("default"), { paused: 2, completed: 101 })

    yield* Queues.resume("default")
    yield* turns
    assert.deepStrictEqual(yield* countsOf("default"), { completed: 103 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("lets a job under way end, and gives back the paused ones behind it in its lane", () =>
  Effect.gen(function*() {
    const { handlers, isDone } = yield* quickThenSlow
    yield* tasks(100)
    yield* enqueue(Task, 100, { key: "k" })
    yield* enqueue(Task, 1, { key: "k" })
    yield* start(handlers, { workers: 1 })
    yield* turns
    assert.deepStrictEqual(yield* countsOf("default"), { running: 2, completed: 100 })

    yield* Queues.pause({ name: Task })
    yield* turns
    yield* Deferred.succeed(isDone, undefined)
    yield* turns

    assert.deepStrictEqual(yield* countsOf("default"), { paused: 1, completed: 101 })
  }).pipe(Effect.provide(MemorySchema.layer)))

for (const [how, notifier] of [["hears", undefined], ["does not hear", deaf]] as const) {
  it.effect(`interrupts paused jobs on demand, if it ${how} of the pause`, () =>
    Effect.gen(function*() {
      const reasons: Array<unknown> = []
      const handlers = Task.toLayer((n, { signal }) =>
        Effect.onExit(
          n === 0 ? Effect.never : Effect.sleep("20 seconds"),
          (exit) =>
            Effect.sync(() => {
              reasons.push(Exit.isFailure(exit) && Job.interruption(exit.cause), signal.reason)
            })
        )
      )
      yield* tasks(1)
      yield* start(handlers, notifier === undefined ? {} : { notifier })
      yield* TestClock.adjust(1)

      yield* Queues.pause({ name: "task" }, { cancelRunning: true })
      yield* TestClock.adjust(notifier === undefined ? 1 : "6 seconds")
      assert.deepStrictEqual(yield* countsOf("default"), { paused: 1 })

      const paused = new JobInterrupted({ why: "paused" })
      assert.deepStrictEqual(reasons, [paused, paused])
      yield* Queues.resume({ name: "task" })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Maintenance.layer)
        yield* TestClock.adjust(1)
      }))
      assert.deepStrictEqual(yield* claimable, [[0, 1]])
    }).pipe(Effect.provide(MemorySchema.layer)))
}

it.effect("claims no more often while producers add jobs to its paused queue", () =>
  Effect.gen(function*() {
    let claims = 0
    const counting = (repo: JobRepo["Service"]): JobRepo["Service"] => ({
      ...repo,
      claim: (options) => Effect.suspend(() => (claims++, repo.claim(options)))
    })
    yield* Queues.pause("default")
    yield* start(Task.toLayer(() => undefined), { repo: counting })
    yield* TestClock.adjust("30 seconds")
    claims = 0
    for (let n = 0; n < 100; n++) {
      yield* tasks(1)
      yield* TestClock.adjust("100 millis")
    }

    // One each 4 to 5 seconds.
    assert.isAtMost(claims, 3)
    yield* Queues.resume("default")
    yield* turns
    assert.deepStrictEqual(yield* countsOf("default"), { completed: 100 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("looks after a resume for transactions that are open since the pause", () =>
  Effect.gen(function*() {
    let looks = 0
    yield* Queues.pause("default")
    yield* start(Task.toLayer(() => undefined), {
      notifier: (notifier) => ({
        ...notifier,
        mayHaveMissed: () => Effect.sync(() => (looks++, false))
      })
    })
    yield* TestClock.adjust("30 seconds")
    const before = looks

    yield* Queues.resume("default")
    yield* turns

    assert.deepStrictEqual([before, looks], [1, 2])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a drain of a paused queue ends", () =>
  Effect.gen(function*() {
    yield* tasks(3)
    yield* Queues.pause("default", { for: "1 hour" })
    const worker = yield* start(Task.toLayer(() => undefined))
    yield* worker.stop("drain")
    yield* TestClock.adjust("1 second")
    yield* worker.ended

    assert.deepStrictEqual(yield* countsOf("default"), { paused: 3 })
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("maintenance ends a pause at its time", () =>
  Effect.gen(function*() {
    yield* tasks(1)
    yield* Queues.pause("default", { for: "3 seconds" })
    yield* start(Task.toLayer(() => undefined))
    yield* Layer.build(Maintenance.layer)

    yield* TestClock.adjust("2 seconds")
    const before = yield* countsOf("default")
    yield* TestClock.adjust("1001 millis")

    assert.deepStrictEqual([before, yield* countsOf("default")], [{ paused: 1 }, { completed: 1 }])
  }).pipe(Effect.scoped, Effect.provide(MemorySchema.layer)))

/** Lets quick jobs start each other, while next to no time passes. */
const turns = Effect.gen(function*() {
  for (let n = 0; n < 30; n++) {
    yield* Effect.promise(() => setImmediate())
    yield* TestClock.adjust(1)
  }
})
