/**
 * A settlement that the store never accepts does not hold up the other settlements.
 *
 * Tests `src/layers/worker/Settler.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Batcher from "../../../src/layers/effects/Batcher.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import type { Ended } from "../../../src/layers/worker/Outbox.ts"
import * as Settler from "../../../src/layers/worker/Settler.ts"
import { JobRepo, type Settling } from "../../../src/services/JobRepo.ts"
import { counts, start, Task, tasks } from "../Memory.ts"

const refused = new StoreError({
  operation: "settle",
  isTransient: false,
  code: "23514",
  detail: "violates a constraint",
  cause: undefined
})

const unheard: Settler.Events = { onAnswer: () => {}, onMadeReady: () => {} }

const allRecorded: Settling = { lost: [], rowLocked: [], hasMadeReady: false }

/** A store that refuses each batch with job 2, and accepts all other batches. */
const accepting = (
  accepted: Array<bigint>,
  refusal: Effect.Effect<Settling, StoreError> = Effect.fail(refused)
): JobRepo["Service"] => ({
  enqueue: () => Effect.succeed([]),
  offer: () => Effect.succeed([]),
  claim: () => Effect.succeed({ jobs: [], isBehind: false }),
  hasUnstarted: () => Effect.succeed(false),
  settle: (settled) =>
    settled.some(({ id }) => id === 2n)
      ? refusal
      : Effect.sync(() => {
        accepted.push(...settled.map(({ id }) => id))
        return allRecorded
      })
})

const completed = (id: bigint): Ended => ({
  id,
  lease: "lease",
  queue: "default",
  name: "task",
  key: undefined,
  isSuspect: false,
  attempt: 1,
  settlement: Settlement.Completed()
})

describe("the settler", () => {
  it.effect("sends a job whose row is locked later, and none of its lane before it", () =>
    Effect.gen(function*() {
      const sent: Array<ReadonlyArray<bigint>> = []
      let isLocked = true
      const store: JobRepo["Service"] = {
        ...accepting([]),
        settle: (settled) =>
          Effect.sync(() => {
            sent.push(settled.map(({ id }) => id))
            const rowLocked = isLocked ? [1n].filter((id) => sent.at(-1)!.includes(id)) : []
            return { ...allRecorded, rowLocked }
          })
      }
      const settler = yield* Settler.make(unheard).pipe(Effect.provideService(JobRepo, store))
      const ofLane = (id: bigint) => ({ ...completed(id), key: "k" })

      settler.add(ofLane(1n))
      settler.add(completed(2n))
      yield* TestClock.adjust("500 millis")
      settler.add(ofLane(3n))
      settler.add(completed(4n))
      yield* TestClock.adjust("200 millis")
      isLocked = false
      assert.strictEqual(settler.size(), 2)
      yield* TestClock.adjust("1 second")
      yield* settler.drained

      assert.deepStrictEqual(sent, [[1n, 2n], [4n], [1n, 3n]])
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("settles the rest of a batch of which one is refused, and goes on", () =>
    Effect.gen(function*() {
      const accepted: Array<bigint> = []
      const settler = yield* Settler.make(unheard).pipe(
        Effect.provideService(JobRepo, accepting(accepted))
      )

      for (const id of [1n, 2n, 3n]) settler.add(completed(id))
      yield* settler.drained
      settler.add(completed(4n))
      yield* settler.drained

      assert.deepStrictEqual(accepted, [1n, 3n, 4n])
      assert.deepStrictEqual(settler.leases(), [])
    }))

  for (const code of ["57014", "40001", "53100", "55P03"]) {
    it.effect(
      `settles the rest of a batch with one that the server gives up each time: ${code}`,
      () =>
        Effect.gen(function*() {
          const accepted: Array<bigint> = []
          let isMended = false
          const givenUp = Effect.suspend(() =>
            isMended
              ? Effect.sync(() => (accepted.push(2n), allRecorded))
              : Effect.fail(
                new StoreError({
                  operation: "settle",
                  isTransient: true,
                  code,
                  detail: "given up",
                  cause: undefined
                })
              )
          )
          const settler = yield* Settler.make(unheard).pipe(
            Effect.provideService(JobRepo, accepting(accepted, givenUp))
          )

          for (const id of [1n, 2n, 3n, 4n]) settler.add(completed(id))
          yield* TestClock.adjust("5 seconds")
          settler.add(completed(5n))
          yield* TestClock.adjust("5 seconds")
          assert.deepStrictEqual(accepted.toSorted(), [1n, 3n, 4n, 5n])
          isMended = true
          yield* TestClock.adjust("5 seconds")
          yield* settler.drained

          assert.deepStrictEqual(accepted, [1n, 3n, 4n, 5n, 2n])
        }).pipe(Effect.provide(Logger.layer([])))
    )
  }

  it.effect("asks a server that gives up everything more and more slowly", () =>
    Effect.gen(function*() {
      let asked = 0
      const store: JobRepo["Service"] = {
        ...accepting([]),
        settle: () =>
          Effect.suspend(() => {
            asked++
            return Effect.fail(
              new StoreError({
                operation: "settle",
                isTransient: true,
                code: "53100",
                detail: "the disk is full",
                cause: undefined
              })
            )
          })
      }
      const settler = yield* Settler.make(unheard).pipe(Effect.provideService(JobRepo, store))

      for (let id = 1n; id <= 2000n; id++) settler.add(completed(id))
      yield* TestClock.adjust("5 minutes")

      assert.isAtMost(asked, 700)
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("says so when it sends a batch again", () =>
    Effect.gen(function*() {
      const sent: Array<boolean | undefined> = []
      const store: JobRepo["Service"] = {
        ...accepting([]),
        settle: (_, options) =>
          Effect.suspend(() =>
            sent.push(options?.isRepeat) === 1
              ? Effect.fail(
                new StoreError({
                  operation: "settle",
                  isTransient: true,
                  detail: "the connection was lost",
                  cause: undefined
                })
              )
              : Effect.succeed(allRecorded)
          )
      }
      const settler = yield* Settler.make(unheard).pipe(Effect.provideService(JobRepo, store))

      settler.add(completed(1n))
      yield* TestClock.adjust("1 second")
      settler.add(completed(3n))
      yield* TestClock.adjust("1 second")

      assert.deepStrictEqual(sent, [false, true, false])
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("says so when it sends again what was locked meanwhile", () =>
    Effect.gen(function*() {
      const sent: Array<boolean | undefined> = []
      const unanswered = Effect.fail(
        new StoreError({
          operation: "settle",
          isTransient: true,
          detail: "the connection was lost",
          cause: undefined
        })
      )
      const locked: Settling = { ...allRecorded, rowLocked: [1n] }
      const answers = [unanswered, Effect.succeed(locked), Effect.succeed(locked)]
      const store: JobRepo["Service"] = {
        ...accepting([]),
        settle: (_, options) =>
          Effect.suspend(() =>
            answers[sent.push(options?.isRepeat) - 1] ?? Effect.succeed(allRecorded)
          )
      }
      const lines: Array<unknown> = []
      const settler = yield* Settler.make(unheard).pipe(
        Effect.provideService(JobRepo, store),
        Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(message))]))
      )

      settler.add(completed(1n))
      yield* TestClock.adjust("3 seconds")
      yield* settler.drained
      settler.add(completed(3n))
      yield* settler.drained

      assert.deepStrictEqual(sent, [false, true, true, true, false])
      assert.lengthOf(lines, 2)
    }))

  it.effect("settles the rest of a batch with one that whoever sends it dies of", () =>
    Effect.gen(function*() {
      const accepted: Array<bigint> = []
      const settler = yield* Settler.make(unheard).pipe(
        Effect.provideService(JobRepo, accepting(accepted, Effect.die(new Error("cannot be sent"))))
      )

      for (const id of [1n, 2n, 3n]) settler.add(completed(id))
      yield* TestClock.adjust("10 seconds")

      assert.deepStrictEqual(accepted, [1n, 3n])
      assert.deepStrictEqual(settler.leases(), [])
    }).pipe(Effect.provide(Logger.layer([]))))
})

it.effect("a worker does not run jobs over and over while none of them can be settled", () =>
  Effect.gen(function*() {
    let runs = 0
    let isMended = false
    yield* tasks(3)
    yield* start(Task.toLayer(() => void runs++), {
      repo: (repo) => ({
        ...repo,
        settle: (settled, options) =>
          Effect.suspend(() => isMended ? repo.settle(settled, options) : Effect.fail(refused))
      })
    })

    yield* TestClock.adjust("5 minutes")
    assert.isAtMost(runs, 60)
    isMended = true
    yield* TestClock.adjust("3 minutes")

    assert.strictEqual((yield* counts).completed, 3)
  }).pipe(Effect.provide(MemorySchema.layer)))

describe("the batcher", () => {
  it.effect("lets nobody wait when it is closed during a call", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const isCalled = yield* Deferred.make<void>()
      const batcher = yield* Batcher.make({
        call: () => Effect.andThen(Deferred.succeed(isCalled, undefined), Effect.never),
        isIsolated: () => false,
        itemsMax: 1
      }).pipe(Scope.provide(scope))

      const inCall = yield* Effect.forkChild(batcher.add("a"), { startImmediately: true })
      yield* Deferred.await(isCalled)
      const behind = yield* Effect.forkChild(batcher.add("b"), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)

      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(inCall)))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(behind)))
    }))
})
