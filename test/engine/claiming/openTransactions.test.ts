/**
 * A worker beside a producer's transaction that stays open. The store is in memory, and the test
 * moves the clock.
 *
 * Tests `src/layers/worker/ClaimLoop.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { start, Task } from "../Memory.ts"

it.effect(
  "a worker looks once more after it has asked for open transactions, before it sleeps",
  () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      yield* start(Task.toLayer(() => {}), {
        repo: (repo) => ({
          ...repo,
          claim: (options) => Effect.suspend(() => (calls.push("look"), repo.claim(options)))
        }),
        notifier: (notifier) => ({
          ...notifier,
          mayHaveMissed: () => Effect.sync(() => (calls.push("ask"), false))
        })
      })

      yield* TestClock.adjust(0)

      // A transaction may commit after the question. The last claim finds its jobs.
      assert.include(calls, "ask")
      assert.strictEqual(calls.at(-1), "look")
    }).pipe(Effect.provide(MemorySchema.layer))
)

it.effect(
  "a worker looks less and less often while a transaction is open that has added jobs",
  () =>
    Effect.gen(function*() {
      let looks = 0
      yield* start(Task.toLayer(() => {}), {
        repo: (repo) => ({
          ...repo,
          claim: (options) => Effect.suspend(() => (looks++, repo.claim(options)))
        }),
        notifier: (notifier) => ({ ...notifier, mayHaveMissed: () => Effect.succeed(true) })
      })

      yield* TestClock.adjust("1 second")
      const atFirst = looks
      yield* TestClock.adjust("1 minute")
      const perSecond = (looks - atFirst) / 60

      assert.isAtLeast(atFirst, 10)
      assert.isAtMost(perSecond, 2)
    }).pipe(Effect.provide(MemorySchema.layer))
)
