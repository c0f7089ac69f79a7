/**
 * A queue in memory is a complete queue: it has the same worker as a queue on PostgreSQL.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Queue, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/layers/job/Job.ts"
import * as AdvisoryLock from "../../src/layers/locks/AdvisoryLock.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import { enqueue, enqueueAll } from "../../src/services/Enqueue.ts"
import { JobAdmin } from "../../src/services/JobAdmin.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import * as MovingClock from "../support/MovingClock.ts"

const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
const Tick = Job.make("tick", { maxAttempts: 2, backoffBase: "1 minute", backoffCap: "1 minute" })

/** Starts a worker whose handlers put the jobs that they run into the queue `ran`. */
const start = Effect.fnUntraced(function*(
  options: MemoryQueue.Options & { readonly mode?: Layer.Layer<never> } = {}
) {
  const ran = yield* Queue.unbounded<string>()
  const handlers = Layer.merge(
    Greet.toLayer(({ name }) => void Queue.offerUnsafe(ran, name)),
    Tick.toLayer((payload, { attempt }) => {
      Queue.offerUnsafe(ran, `${String(payload)}, try ${attempt}`)
      return attempt === 1 ? Effect.fail("not yet") : Effect.void
    })
  )
  const { mode = Layer.empty, ...settings } = options
  const context = yield* Layer.buildWithScope(
    MemoryQueue.layer({ jobs: [Greet, Tick], ...settings }).pipe(
      Layer.provide(handlers),
      Layer.provide(mode)
    ),
    yield* MovingClock.scope()
  )
  return { context, ran }
})

describe("a queue in memory", () => {
  it.effect("runs jobs, later ones when the clock is there", () =>
    Effect.gen(function*() {
      const { context, ran } = yield* start({ concurrency: 1 })
      yield* Effect.gen(function*() {
        yield* enqueue(Greet, { name: "later" }, { delay: "1 hour" })
        yield* enqueue(Greet, { name: "now" })
        assert.strictEqual(yield* Queue.take(ran), "now")

        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(yield* Queue.size(ran), 0)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Queue.take(ran), "later")
      }).pipe(Effect.provideContext(context))
    }))

  it.effect("ends jobs whose time is over, as their kind or they themselves have it", () =>
    Effect.gen(function*() {
      const { context } = yield* start()
      yield* Effect.gen(function*() {
        const queue = "nobody works on it"
        const Otp = Job.make("otp", { expiresIn: "5 seconds" })
        yield* enqueue(Otp, undefined, { queue })
        yield* enqueue(Otp, undefined, { queue, expiresIn: "9 seconds" })
        yield* enqueue(Otp, undefined, { queue, expiresAt: new Date(12_000) })
        yield* enqueue(Otp, undefined, { queue, delay: "10 seconds" })

        const expired: Array<number | undefined> = []
        for (
          const time of ["4 seconds", "2 seconds", "4 seconds", "4 seconds", "4 seconds"] as const
        ) {
          yield* TestClock.adjust(time)
          expired.push((yield* (yield* JobAdmin).counts)[0]?.expired)
        }

        assert.deepStrictEqual(expired, [0, 1, 2, 3, 4])
      }).pipe(Effect.provideContext(context))
    }))

  it.effect("runs jobs without a payload, and those that fail once more", () =>
    Effect.gen(function*() {
      const { context, ran } = yield* start()
      yield* Effect.gen(function*() {
        yield* enqueueAll(Tick, [{}, { key: "k" }])
        assert.deepStrictEqual(yield* Queue.takeN(ran, 2), Array(2).fill("undefined, try 1"))

        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* Queue.takeN(ran, 2), Array(2).fill("undefined, try 2"))
        yield* TestClock.adjust("1 second")
        const [counts] = yield* JobAdmin.use((admin) => admin.counts)
        assert.strictEqual(counts?.completed, 2)
      }).pipe(Effect.provideContext(context))
    }))

  it.effect("takes the cooperative mode that is provided, else row locks", () =>
    Effect.gen(function*() {
      const modes = [Layer.empty, AdvisoryLock.layer({ key: 42n })]
      const found = yield* Effect.forEach(modes, (mode) =>
        Effect.gen(function*() {
          const { context } = yield* start({ mode })
          return (yield* Context.get(context, WorkerControl).status).mode
        }))
      assert.deepStrictEqual(found, ["row-lock", "advisory 42"])
    }))

  it.effect("is one for all layers of a build, a producer's and two workers'", () =>
    Effect.gen(function*() {
      const ran = yield* Queue.unbounded<string>()
      const worker = (queue: string) =>
        MemoryQueue.layer({ jobs: [Greet], queues: [queue] }).pipe(
          Layer.provide(
            Greet.toLayer(({ name }) => void Queue.offerUnsafe(ran, `${queue} ${name}`))
          )
        )
      const context = yield* Layer.buildWithScope(
        Layer.provideMerge(Layer.merge(worker("a"), worker("b")), MemoryQueue.client),
        yield* MovingClock.scope()
      )
      yield* Effect.gen(function*() {
        yield* enqueue(Greet, { name: "Ada" }, { queue: "a" })
        yield* enqueue(Greet, { name: "Bob" }, { queue: "b" })
        assert.sameMembers(yield* Queue.takeN(ran, 2), ["a Ada", "b Bob"])
        const [counts] = yield* JobAdmin.use((admin) => admin.counts)
        assert.strictEqual(counts?.queue, "a")
      }).pipe(Effect.provideContext(context))
    }))

  const wrong: ReadonlyArray<readonly [setting: string, options: MemoryQueue.Options]> = [
    ["workers", { workers: 0 }],
    ["concurrency", { concurrency: 0 }],
    ["concurrency", { workers: 5, concurrency: 6 }],
    ["queues", { queues: [] }],
    ["queues", { queues: ["a", "a"] }],
    ["lease", { lease: 0 }],
    ["grace", { grace: -1 }]
  ]
  it.effect.each(wrong)("is refused a wrong %s", ([setting, options]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(start(options))
      assert(error._tag === "SettingInvalid")
      assert.strictEqual(error.setting, setting)
    }))
})
