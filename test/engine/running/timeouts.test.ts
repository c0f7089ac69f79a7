/**
 * Runs that take too long: they are interrupted at their limit, and their end is awaited.
 *
 * Tests `src/layers/worker/RunLimits.ts` and `src/layers/worker/Deadlines.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { JobInterrupted } from "../../../src/domain/Errors.ts"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import type { JobRepo, Settled } from "../../../src/services/JobRepo.ts"
import { start } from "../Memory.ts"

const Slow = Job.make("slow", {
  payload: Schema.Finite,
  timeout: "30 seconds",
  onTimeout: OnError.fail
})

const add = (...payloads: ReadonlyArray<number>) =>
  enqueueAll(Slow, payloads.map((payload) => ({ payload, key: "k" })))

const watched = (seen: Array<Settled>) => (repo: JobRepo["Service"]): JobRepo["Service"] => ({
  ...repo,
  settle: (settled, options) => {
    seen.push(...settled)
    return repo.settle(settled, options)
  }
})

const endsOf = (settled: ReadonlyArray<Settled>) => settled.map(({ settlement }) => settlement)

/** Adds enough quick jobs that the worker afterwards claims several jobs of a lane at once. */
const warmUp = enqueueAll(Slow, Array.from({ length: 50 }, () => ({ payload: 0 })))

/** The settlements of the jobs that were added after the quick ones. */
const afterWarmUp = (settled: ReadonlyArray<Settled>) => settled.filter(({ id }) => id > 50n)

it.effect("a run is interrupted when its time is up, counted from its own start", () =>
  Effect.gen(function*() {
    const settled: Array<Settled> = []
    const sleeps = ["0 seconds", "20 seconds", "20 seconds", "1 minute"] as const
    yield* warmUp
    yield* start(Slow.toLayer((n) => Effect.sleep(sleeps[n]!)), { repo: watched(settled) })
    yield* TestClock.adjust(1)

    yield* add(1, 2, 3)
    yield* TestClock.adjust("69 seconds")
    const before = endsOf(afterWarmUp(settled))
    yield* TestClock.adjust("2 seconds")

    assert.deepStrictEqual(before.map(({ _tag }) => _tag), ["Completed", "Completed"])
    const ofLane = afterWarmUp(settled)
    assert.strictEqual(new Set(ofLane.map(({ lease }) => lease)).size, 1)
    assert.deepStrictEqual(endsOf(ofLane).slice(2), [
      { _tag: "Failed", error: "timed out after 30 s", blocksLane: false }
    ])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a run that is interrupted has ended before its job is settled", () =>
  Effect.gen(function*() {
    const settled: Array<Settled> = []
    const reasons: Array<unknown> = []
    yield* add(1)
    const handlers = Slow.toLayer((_, { signal }) =>
      Effect.never.pipe(
        Effect.onExit((exit) => {
          reasons.push(Exit.isFailure(exit) && Job.interruption(exit.cause), signal.reason)
          return Effect.sleep("2 seconds")
        })
      )
    )

    yield* start(handlers, { repo: watched(settled) })
    yield* TestClock.adjust("31 seconds")
    const before = [...settled]
    yield* TestClock.adjust("1 second")

    const timedOut = new JobInterrupted({ why: "timedOut" })
    assert.deepStrictEqual(reasons, [timedOut, timedOut])
    assert.deepStrictEqual(before, [])
    assert.lengthOf(settled, 1)
    assert.strictEqual(settled[0]!.ranFor, 32_000)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a run that succeeds although its time is up is completed", () =>
  Effect.gen(function*() {
    const settled: Array<Settled> = []
    const isDone = yield* Deferred.make<void>()
    yield* add(1)

    yield* start(Slow.toLayer(() => Effect.runPromise(Deferred.await(isDone))), {
      repo: watched(settled)
    })
    yield* TestClock.adjust("31 seconds")
    yield* Deferred.succeed(isDone, undefined)
    while (settled.length === 0) yield* Effect.yieldNow

    assert.deepStrictEqual(endsOf(settled), [{ _tag: "Completed" }])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("the others of a lane's run go on in their order when one is timed out", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const settled: Array<Settled> = []
    const handlers = Slow.toLayer((n) => {
      if (n > 0) ran.push(n)
      return n === 2 ? Effect.never : Effect.void
    })
    yield* warmUp
    yield* start(handlers, { repo: watched(settled) })
    yield* TestClock.adjust(1)
    yield* add(1, 2, 3, 4)
    yield* TestClock.adjust("31 seconds")

    assert.deepStrictEqual(ran, [1, 2, 3, 4])
    const ofLane = afterWarmUp(settled)
    assert.strictEqual(new Set(ofLane.map(({ lease }) => lease)).size, 1)
    assert.deepStrictEqual(
      endsOf(ofLane).map(({ _tag }) => _tag),
      ["Completed", "Failed", "Completed", "Completed"]
    )
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a timed out run is released if the worker had stopped before", () =>
  Effect.gen(function*() {
    const settled: Array<Settled> = []
    yield* add(1)
    const handlers = Slow.toLayer(() =>
      Effect.onInterrupt(Effect.never, () => Effect.sleep("20 seconds"))
    )
    const control = yield* start(handlers, { repo: watched(settled) })
    yield* TestClock.adjust("20 seconds")

    yield* control.stop("cancel")
    yield* TestClock.adjust("25 seconds")

    assert.deepStrictEqual(endsOf(settled), [{ _tag: "Released" }])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a promise that ignores its signal is stuck, and keeps its slot", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const lines: Array<string> = []
    const settled: Array<Settled> = []
    const isDone = yield* Deferred.make<void>()
    const handlers = Slow.toLayer((n) => {
      ran.push(n)
      return n === 1
        ? Effect.runPromise(Deferred.await(isDone)).then(() => Promise.reject(new Error("at last")))
        : undefined
    })
    yield* add(1, 2)
    const control = yield* start(handlers, { workers: 1, lines, repo: watched(settled) })

    yield* TestClock.adjust("59 seconds")
    const before = yield* control.status
    yield* TestClock.adjust("5 minutes")
    const stuck = yield* control.status
    yield* Deferred.succeed(isDone, undefined)
    yield* TestClock.adjust(1)
    while (settled.length < 2) yield* Effect.yieldNow

    assert.deepStrictEqual(before.running.map(({ isStuck }) => isStuck), [false])
    assert.deepStrictEqual(
      stuck.running.map(({ age, isStuck }) => [isStuck, Duration.toMinutes(age) > 5]),
      [[true, true]]
    )
    const said = lines.filter((line) => line.includes("was interrupted"))
    assert.lengthOf(said, 1)
    assert.match(said[0]!, /job 1 \(slow\) still runs 30s after it was interrupted \(the run timed/)
    assert.deepStrictEqual(ran, [1, 2])
    assert.deepStrictEqual(endsOf(settled).map(({ _tag }) => _tag), ["Failed", "Completed"])
    assert.deepStrictEqual((yield* control.status).running, [])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("each kind has its own limit", () =>
  Effect.gen(function*() {
    const settled: Array<Settled> = []
    const limits = [50, 10, 40, 20, 30]
    const kinds = limits.map((n) =>
      Job.make(`slow-${n}`, { timeout: `${n} seconds`, onTimeout: OnError.fail })
    )
    for (const kind of kinds) yield* enqueueAll(kind, [{ payload: undefined }])
    const handlers = kinds.map((kind) => kind.toLayer(() => Effect.never))
      .reduce((one, other) => Layer.merge(one, other))

    yield* start(handlers, { workers: 5, repo: watched(settled) })
    for (let n = 0; n < 50; n++) yield* TestClock.adjust("1 second")

    assert.deepStrictEqual(
      endsOf(settled).map((end) => "error" in end && end.error),
      [10, 20, 30, 40, 50].map((n) => `timed out after ${n} s`)
    )
  }).pipe(Effect.provide(MemorySchema.layer)))
