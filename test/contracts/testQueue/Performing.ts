/**
 * A test runs a handler without a queue.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import type { It } from "../TestQueueSuite.ts"
import { Charge, cleared, Declined, Flaky, Mail, Mails, Stray } from "./Kinds.ts"

export const performing = (it: It): void => {
  it.effect("answers the exit of a handler and its settlement", () =>
    Effect.gen(function*() {
      yield* cleared
      const done = yield* TestQueue.perform(Mail, { to: "ada", at: new Date(0) })
      const failed = yield* TestQueue.perform(Charge, { card: "bad" })

      assert.deepStrictEqual(done.exit, Exit.succeed("ada"))
      assert.strictEqual(done.settlement._tag, "Completed")
      assert.deepStrictEqual(failed.exit, Exit.fail(new Declined()))
      assert.strictEqual(failed.settlement._tag, "Failed")
      assert.deepStrictEqual(yield* TestQueue.enqueued(), [])
    }))

  it.effect("decides by the number of the attempt", () =>
    Effect.gen(function*() {
      const settled = yield* Effect.forEach([1, 4], (attempt) =>
        TestQueue.perform(Flaky, { succeedsAt: 9 }, { attempt, key: "k" }))

      assert.deepStrictEqual(
        settled.map(({ settlement }) =>
          settlement._tag
        ),
        [
          "Retried",
          "Failed"
        ]
      )
    }))

  it.effect("refuses what enqueue refuses, and a kind without a handler", () =>
    Effect.gen(function*() {
      const payload = yield* Effect.flip(TestQueue.perform(Mails, 0.5 / 0))
      const key = yield* Effect.flip(TestQueue.perform(Mail, { to: "ada" }, { key: "" }))
      const missing = yield* Effect.flip(TestQueue.perform(Stray))

      assert.deepStrictEqual([payload._tag, key._tag, missing._tag], [
        "PayloadInvalid",
        "JobInvalid",
        "HandlerMissing"
      ])
    }))
}
