/**
 * A worker that cannot be sure that producers wake it claims soon. The store is in memory, and the
 * test moves the clock.
 *
 * `test/model/waking.pml` tries all interleavings.
 *
 * Tests `src/layers/worker/ClaimLoop.ts` and `src/domain/Idle.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Latch, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Wake } from "../../../src/services/Notifier.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { start, Task } from "../Memory.ts"

const connectionLost = new StoreError({
  operation: "claim",
  isTransient: true,
  detail: "the connection was lost",
  cause: undefined
})

const nothing = Task.toLayer(() => {})

/** The first renewal is answered as if the worker had been reported dead. */
const deadOnce = (registry: WorkerRegistry["Service"]): WorkerRegistry["Service"] => {
  let renewals = 0
  return {
    ...registry,
    renew: (worker) =>
      renewals++ === 0
        ? Effect.succeed({ isKnown: false, hasCancels: false, hasPauses: false }) :
        registry.renew(worker)
  }
}

it.effect("it pauses briefly beside an open transaction, also after a claim that failed", () =>
  Effect.gen(function*() {
    let looks = 0
    yield* start(nothing, {
      repo: (repo) => ({
        ...repo,
        claim: (options) =>
          Effect.suspend(() => looks++ === 0 ? Effect.fail(connectionLost) : repo.claim(options))
      }),
      notifier: (notifier) => ({ ...notifier, mayHaveMissed: () => Effect.succeed(true) })
    })

    yield* TestClock.adjust("2 seconds")

    assert.isAtLeast(looks, 10)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("it claims at once when it has registered again", () =>
  Effect.gen(function*() {
    let looks = 0
    const wakes = yield* Queue.unbounded<Wake>()
    yield* start(nothing, {
      repo: (repo) => ({
        ...repo,
        claim: (options) => Effect.suspend(() => (looks++, repo.claim(options)))
      }),
      notifier: (notifier) => ({ ...notifier, wakes: Stream.fromQueue(wakes) }),
      registry: deadOnce
    })
    // Shortly before the renewal the worker begins a pause, which only a wake-up ends early.
    yield* TestClock.adjust("4990 millis")
    yield* Queue.offer(wakes, { _tag: "Jobs", queue: "default" })
    yield* TestClock.adjust("1 millis")
    const before = looks

    yield* TestClock.adjust("10 millis")

    assert.isAbove(looks, before)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("it falls asleep anew when a claim is answered after it has registered again", () =>
  Effect.gen(function*() {
    const calls: Array<string> = []
    const mayAnswer = yield* Latch.make()
    let holds = false
    const answeredLate = (repo: JobRepo["Service"]): JobRepo["Service"] => ({
      ...repo,
      claim: (options) =>
        Effect.tap(repo.claim(options), () => {
          calls.push("claim")
          return holds ? mayAnswer.await : Effect.void
        })
    })
    const wakes = yield* Queue.unbounded<Wake>()
    yield* start(nothing, {
      repo: answeredLate,
      notifier: (notifier) => ({
        ...notifier,
        wakes: Stream.fromQueue(wakes),
        mayHaveMissed: () => Effect.sync(() => (calls.push("ask"), false))
      }),
      registry: deadOnce
    })
    yield* TestClock.adjust("4990 millis")
    holds = true
    yield* Queue.offer(wakes, { _tag: "Jobs", queue: "default" })
    yield* TestClock.adjust("20 millis")
    calls.length = 0

    holds = false
    yield* mayAnswer.open
    yield* TestClock.adjust("50 millis")
    yield* TestClock.adjust("50 millis")

    // A claim marks it asleep, then it asks, then it claims once more.
    assert.deepStrictEqual(calls, ["claim", "ask", "claim"])
  }).pipe(Effect.provide(MemorySchema.layer)))
