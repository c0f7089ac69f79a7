/**
 * A test runs a handler without a queue.
 */
import { assert } from "@effect/vitest"
import { Clock, Effect, Exit } from "effect"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import type { It } from "../TestQueueSuite.ts"
import { Brief, Charge, cleared, Declined, Flaky, Mail, Mails, Stray } from "./Kinds.ts"

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

  it.effect("tells the handler when its job expires", () =>
    Effect.gen(function*() {
      const date = new Date("2040-02-29T12:30:00.250Z")
      const given = yield* TestQueue.perform(Brief, undefined, { expiresAt: date })
      const before = yield* Clock.currentTimeMillis
      const counted = yield* TestQueue.perform(Brief)
      const after = yield* Clock.currentTimeMillis

      assert.deepStrictEqual(given.exit, Exit.succeed(date.getTime()))
      const at = Number(Exit.isSuccess(counted.exit) ? counted.exit.value : 0) - 3_600_000
      assert.isTrue(before <= at && at <= after)
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
