/**
 * The queue of a test: it refuses what would mislead, and treats runs as a worker does.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/layers/job/Job.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as TestQueue from "../../src/layers/TestQueue.ts"
import { enqueue, enqueueAll } from "../../src/services/Enqueue.ts"

const Tick = Job.make("tick", { timeout: "30 seconds" })

const withTick = (tick: () => Effect.Effect<unknown, unknown>) =>
  Effect.provide(Layer.provide(TestQueue.layer({ jobs: [Tick] }), Tick.toLayer(tick)))

const Loop = Job.make("loop")
const Looping = TestQueue.layer({ jobs: [Loop] }).pipe(
  Layer.provide(Loop.toLayer(() => enqueue(Loop))),
  Layer.provide(MemoryQueue.client)
)

const Load = Job.make("load", { log: {} })
const Loading = TestQueue.layer({ jobs: [Load] }).pipe(
  Layer.provide(Load.toLayer((_, job) => {
    job.progress(0.4)
    return Effect.delay(Effect.logInfo("half way"), "1 minute")
  }))
)

describe("the queue of a test", () => {
  it.effect("ends a chain without an end, and names its last jobs", () =>
    Effect.gen(function*() {
      yield* enqueue(Loop)

      const endless = yield* Effect.flip(TestQueue.drain())

      assert(endless._tag === "ChainEndless")
      assert.strictEqual(
        endless.message,
        `a chain of jobs is longer than 10000; its last jobs are ${
          Array(10).fill("\"loop\"").join(", ")
        }`
      )
    }).pipe(Effect.provide(Looping)))

  it.effect("keeps what runs log, and shows their progress", () =>
    Effect.gen(function*() {
      const id = yield* enqueue(Load)
      const running = yield* Effect.forkChild(TestQueue.drain())
      yield* TestClock.adjust("2 seconds")
      const why = yield* Job.why(id)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(running)

      assert.include(why.reasons[0]?.detail, "40 % of it is done")
      assert.deepStrictEqual((yield* Job.logs(id)).map(({ line }) => line), ["half way"])
    }).pipe(Effect.provide(Loading)))

  it.effect("refuses to work beside another queue", () =>
    Effect.gen(function*() {
      yield* enqueue(Tick)

      const refused = yield* Effect.flip(TestQueue.assertEnqueued(Tick))

      assert.strictEqual(refused._tag, "SettingInvalid")
      assert.match(
        refused.message,
        /^TestQueue: another layer, such as QueueLive.layer, provides JobRepo/
      )
    }).pipe(Effect.provide(Layer.merge(TestQueue.layer(), Layer.fresh(MemoryQueue.client)))))

  it.effect("refuses to work beside a worker on the same queue", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(TestQueue.drain())

      assert.match(refused.message, /^TestQueue: another layer, .* provides a worker as well/)
    }).pipe(Effect.provide(
      Layer.merge(TestQueue.layer(), MemoryQueue.layer({ jobs: [Tick] })).pipe(
        Layer.provide(TestQueue.stub(Tick))
      )
    )))

  it.live("lets no time pass in memory without a test's clock", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(TestQueue.travel("1 hour"))

      assert.match(refused.message, /^TestQueue: time passes in memory under a TestClock only/)
    }).pipe(Effect.provide(TestQueue.layer())))

  it.effect("refuses a time that never ends", () =>
    Effect.gen(function*() {
      const refused = [
        yield* Effect.flip(TestQueue.travel(-1)),
        yield* Effect.flip(TestQueue.drainUntil("Infinity")),
        yield* Effect.flip(TestQueue.refuteEnqueued(Tick, { within: Infinity }))
      ]

      for (const { message } of refused) {
        assert.strictEqual(message, "TestQueue: a time that a test names is from 0 to 36500 days")
      }
    }).pipe(Effect.provide(TestQueue.layer())))

  it.effect("interrupts a run whose time is up", () =>
    Effect.gen(function*() {
      yield* enqueue(Tick)
      const draining = yield* Effect.forkChild(TestQueue.drain({ onFailure: "record" }), {
        startImmediately: true
      })
      yield* TestClock.adjust("30 seconds")

      const [run] = yield* Fiber.join(draining)

      assert.strictEqual(run!.settlement._tag, "Retried")
      assert(Exit.isFailure(run!.exit))
      assert.strictEqual(Job.interruption(run!.exit.cause)?.why, "timedOut")
    }).pipe(withTick(() => Effect.never)))

  it.effect("gives a job back whose run was interrupted with the test", () =>
    Effect.gen(function*() {
      yield* enqueue(Tick)
      const draining = yield* Effect.forkChild(TestQueue.drain(), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(draining)

      const [job] = yield* TestQueue.enqueued(Tick)

      assert.strictEqual(job?.attempt, 1)
    }).pipe(withTick(() => Effect.never)))

  it.effect("survives a handler that returns no Effect, and goes on", () =>
    Effect.gen(function*() {
      yield* enqueueAll(Tick, [{}, {}])

      const runs = yield* TestQueue.drain({ onFailure: "record" })

      assert.deepStrictEqual(runs.map(({ settlement }) => settlement._tag), ["Retried", "Retried"])
      assert(runs.every(({ exit }) => Exit.isFailure(exit) && Cause.hasDies(exit.cause)))
    }).pipe(withTick(() => Effect.flatMap(Effect.void, () => JSON.parse("1")))))
})
