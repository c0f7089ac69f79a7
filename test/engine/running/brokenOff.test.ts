/**
 * Runs that end in a way that no Effect can catch. Their jobs fail like others, and no other job is
 * lost.
 *
 * Tests `src/layers/worker/JobRunner.ts` and `src/layers/worker/RunRecorder.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Latch, Schema } from "effect"
import { TestClock } from "effect/testing"
import { defaults, type RetryPolicy } from "../../../src/domain/JobKind.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import type { JobRepo, Settled } from "../../../src/services/JobRepo.ts"
import { claimable, counts, start } from "../Memory.ts"

/** Values that are no Effects. Some of them cannot even be printed. */
const breaks: Readonly<Record<string, Effect.Effect<unknown>>> = {
  "a number": JSON.parse("7"),
  "an object without a prototype": Object.create(null),
  "an object whose text throws": Object.assign(Object.create(null), { toString: JSON.parse })
}

const goOnWith = (what: Effect.Effect<unknown> = JSON.parse("7")) =>
  Effect.flatMap(Effect.void, () => what)

/** The store. All settlements that are sent to it are added to `seen`. */
const watched = (seen: Array<Settled>) => (repo: JobRepo["Service"]): JobRepo["Service"] => ({
  ...repo,
  settle: (settled, options) => {
    seen.push(...settled)
    return repo.settle(settled, options)
  }
})

const Once = Job.make("once", { payload: Schema.Finite, maxAttempts: 1 })

/** Adds enough quick jobs that the worker afterwards claims several jobs of a lane at once. */
const warmUp = enqueueAll(
  Once,
  Array.from({ length: 50 }, () => ({ payload: 0 }))
)

for (const [what, value] of Object.entries(breaks)) {
  it.effect(`a job whose Effect goes on with ${what} fails, and its slot takes others`, () =>
    Effect.gen(function*() {
      const settled: Array<Settled> = []
      const handlers = Once.toLayer((n) => n < 5 ? goOnWith(value) : Effect.void)
      yield* enqueueAll(Once, Array.from({ length: 10 }, (_, payload) => ({ payload })))

      const control = yield* start(handlers, { repo: watched(settled) })
      yield* control.stop("drain")
      yield* TestClock.adjust("1 second")

      assert.deepStrictEqual(yield* control.ended, [])
      const { completed, failed } = yield* counts
      assert.deepStrictEqual([completed, failed], [5, 5])
      for (const { settlement } of settled) {
        if (settlement._tag === "Failed") assert.isNotEmpty(settlement.error)
      }
    }).pipe(Effect.provide(MemorySchema.layer)))
}

it.effect("the others of a lane's run go on when one breaks off", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const handlers = Once.toLayer((n) => {
      if (n > 0) ran.push(n)
      return n === 2 ? goOnWith() : Effect.void
    })
    const settled: Array<Settled> = []
    yield* warmUp
    const control = yield* start(handlers, { repo: watched(settled) })
    yield* TestClock.adjust(1)

    yield* enqueueAll(Once, [1, 2, 3, 4].map((payload) => ({ payload, key: "k" })))
    yield* control.stop("drain")
    yield* TestClock.adjust("1 second")

    assert.deepStrictEqual(yield* control.ended, [])
    assert.deepStrictEqual(ran, [1, 2, 3, 4])
    const leases = settled.filter(({ id }) => id > 50n).map(({ lease }) => lease)
    assert.deepStrictEqual([leases.length, new Set(leases).size], [4, 1])
    assert.strictEqual((yield* counts).failed, 1)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a job that breaks off is tried again, and its lane waits for it", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const Twice = Job.make("twice", { payload: Schema.Finite, maxAttempts: 2 })
    const handlers = Twice.toLayer((n) => {
      ran.push(n)
      return n === 1 ? goOnWith() : Effect.void
    })
    yield* enqueueAll(Twice, [1, 2].map((payload) => ({ payload, key: "k" })))

    const control = yield* start(handlers)
    yield* TestClock.adjust(1)
    const before = [...ran]
    const { retried, running } = yield* control.status

    assert.deepStrictEqual([before, retried, running], [[1], 1, []])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a job whose policy cannot be computed with is tried again by the default one", () =>
  Effect.gen(function*() {
    const settled: Array<Settled> = []
    // A job script in JavaScript can give a value of any type.
    const policy: Partial<RetryPolicy> = JSON.parse("{\"backoffBase\": \"soon\"}")
    const Odd = Job.make("odd", { payload: Schema.Finite, ...policy })
    yield* enqueueAll(Odd, [{ payload: 1 }])

    yield* start(Odd.toLayer(() => Effect.fail("no")), { repo: watched(settled) })
    yield* TestClock.adjust(1)
    while (settled.length === 0) yield* Effect.yieldNow

    const [one] = settled
    assert(one?.settlement._tag === "Retried")
    assert.isAtMost(
      Duration.toMillis(one.settlement.delay),
      Duration.toMillis(defaults.backoffBase)
    )
    assert.isNotEmpty(one.settlement.error)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a job that breaks off after the end was asked for gives the rest of its lane back", () =>
  Effect.gen(function*() {
    const goOn = yield* Latch.make()
    const settled: Array<Settled> = []
    const handlers = Once.toLayer((n) =>
      n === 1 ? Effect.flatMap(goOn.await, () => goOnWith()) : Effect.void
    )
    yield* warmUp
    const control = yield* start(handlers, { repo: watched(settled) })
    yield* TestClock.adjust(1)
    yield* enqueueAll(Once, [1, 2, 3].map((payload) => ({ payload, key: "k" })))
    yield* TestClock.adjust(1)

    yield* control.stop("finish")
    yield* goOn.open
    yield* control.ended

    const ends = settled.filter(({ id }) => id > 50n).map(({ settlement }) => settlement)
    assert.strictEqual(ends[0]?._tag, "Failed")
    assert.deepStrictEqual(ends.slice(1), [Settlement.Released()])
    assert.deepStrictEqual(yield* claimable, [[2, 1], [3, 1]])
  }).pipe(Effect.provide(MemorySchema.layer)))
