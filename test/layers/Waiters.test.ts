/**
 * How those who wait for jobs share their looks.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../src/domain/Errors.ts"
import { JobEnd } from "../../src/domain/JobEnd.ts"
import * as Waiters from "../../src/services/Waiters.ts"

const ended = JobEnd.Completed({ name: "greet", value: 1 })
const other = JobEnd.Other({ name: "greet", queue: "q", key: "k" })

const failing = (isTransient: boolean) =>
  Effect.fail(new StoreError({ operation: "ended", isTransient, detail: "no", cause: "no" }))

it.effect("ten thousand that wait look twice a second at most, and are told within a second", () =>
  Effect.gen(function*() {
    let [looks, asked] = [0, 0]
    let hasEnded = false
    const { waitFor } = yield* Waiters.make(({ fresh, old }) =>
      Effect.sync(() => {
        looks++
        asked += fresh.length + old.length
        return new Map(hasEnded ? [...fresh, ...old].map((id) => [id, ended]) : [])
      })
    )
    const waiting = yield* Effect.forEach(
      Array.from({ length: 10_000 }, (_, n) => n),
      (n) =>
        Effect.forkChild(
          Effect.andThen(
            Effect.sleep(n % 20 * 50),
            waitFor(BigInt(n), Waiters.endOf(BigInt(n), {}))
          )
        )
    )
    yield* TestClock.adjust("20 seconds")
    assert.isAbove(asked, 10_000)
    looks = 0
    yield* TestClock.adjust("10 seconds")
    assert.isAtMost(looks, 20)

    hasEnded = true
    yield* TestClock.adjust("1100 millis")

    for (const fiber of waiting) assert.deepStrictEqual(yield* Fiber.join(fiber), ended)
    looks = 0
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(looks, 0)
  }))

it.effect("an outage is waited for, and a refusal is not", () =>
  Effect.gen(function*() {
    let answer: ReturnType<Waiters.Look<JobEnd>> = failing(true)
    const { waitFor } = yield* Waiters.make(() => answer)
    const first = yield* Effect.forkChild(waitFor(1n, Waiters.endOf(1n, {})))
    yield* TestClock.adjust("5 seconds")
    answer = Effect.succeed(new Map([[1n, ended]]))
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(yield* Fiber.join(first), ended)

    answer = failing(false)
    const error = yield* Effect.flip(waitFor(1n, Waiters.endOf(1n, {})))
    assert.strictEqual(error._tag, "StoreError")
  }))

it.effect("a job that has not ended is told of only if it is of another kind", () =>
  Effect.gen(function*() {
    const { waitFor } = yield* Waiters.make(() => Effect.succeed(new Map([[1n, other]])))
    const [any, same] = [
      yield* Effect.forkChild(waitFor(1n, Waiters.endOf(1n, {}))),
      yield* Effect.forkChild(waitFor(1n, Waiters.endOf(1n, { name: "greet" })))
    ]

    assert.deepStrictEqual(yield* waitFor(1n, Waiters.endOf(1n, { name: "charge" })), other)
    yield* TestClock.adjust("5 seconds")
    assert.isUndefined(any.pollUnsafe())
    assert.isUndefined(same.pollUnsafe())
  }))

it.effect("a hint brings the next look forward, even one that comes during a look", () =>
  Effect.gen(function*() {
    let looks = 0
    const waiters = yield* Waiters.make(() =>
      Effect.sync(() => {
        looks++
        if (looks === hintedAt) waiters.hint(new Set([1n]))
        return new Map<bigint, JobEnd>()
      })
    )
    let hintedAt = 0
    yield* Effect.forkChild(waiters.waitFor(1n, Waiters.endOf(1n, {})))
    yield* TestClock.adjust("20 seconds")
    const looksIn = Effect.fnUntraced(function*(hint: () => void) {
      // Just after a look, so that the next one is a second away.
      const before = looks
      yield* Effect.repeat(TestClock.adjust("10 millis"), { until: () => looks > before })
      const start = looks
      hint()
      yield* TestClock.adjust("130 millis")
      return looks - start
    })

    assert.strictEqual(yield* looksIn(() => undefined), 0)
    assert.strictEqual(yield* looksIn(() => waiters.hint(new Set([2n]))), 0)
    assert.strictEqual(yield* looksIn(() => waiters.hint(new Set([1n]))), 1)
    assert.strictEqual(yield* looksIn(() => waiters.hint("all")), 1)
    hintedAt = looks + 1
    assert.strictEqual(yield* looksIn(() => undefined), 1)
  }))

it.effect("whoever has just seen a job looks again a second later", () =>
  Effect.gen(function*() {
    let looks = 0
    const { waitFor } = yield* Waiters.make(() => Effect.sync(() => new Map([[1n, ++looks]])))

    const waiting = yield* Effect.forkChild(waitFor(1n, {
      isMeant: (seen) => seen > 3,
      isLate: true
    }))
    yield* TestClock.adjust("900 millis")
    assert.strictEqual(looks, 0)
    yield* TestClock.adjust("4 seconds")

    assert.strictEqual(yield* Fiber.join(waiting), 4)
  }))

it.effect("nobody waits for a store that is closed", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { waitFor } = yield* Scope.provide(
      Waiters.make(() => Effect.succeed(new Map())),
      scope
    )
    const waiting = yield* Effect.forkChild(waitFor(1n, Waiters.endOf(1n, {})))
    yield* TestClock.adjust("1 second")

    yield* Scope.close(scope, Exit.void)

    assert.isTrue(Exit.isFailure(yield* Fiber.await(waiting)))
    assert.isTrue(Exit.isFailure(yield* Effect.exit(waitFor(1n, Waiters.endOf(1n, {})))))
  }))
