/**
 * A test runs transactional jobs.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import type { It } from "../TestQueueSuite.ts"
import { cleared, Mail, Post } from "./Kinds.ts"

const mails = Effect.map(TestQueue.enqueued(Mail), (jobs) => jobs.map(({ payload }) => payload.to))

export const transacting = (it: It): void => {
  it.effect("completes a transactional job with the jobs that it enqueues", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Post, "succeeds")
      const run = yield* TestQueue.runOne(Post)

      assert.strictEqual(run.settlement._tag, "Completed")
      assert.strictEqual(
        run.settlement._tag === "Completed" && run.settlement.result?.value,
        "\"sent\""
      )
      assert.lengthOf(run.enqueued, 1)
      assert.deepStrictEqual(yield* mails, ["ada"])
      yield* TestQueue.refuteEnqueued(Post)
    }))

  it.effect("leaves none of the jobs of a transactional job that fails", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Post, "fails")
      const run = yield* TestQueue.runOne(Post)

      assert.deepStrictEqual([run.exit, run.settlement._tag], [Exit.fail("no"), "Retried"])
      assert.deepStrictEqual([run.enqueued, yield* mails], [[], []])
      yield* TestQueue.assertEnqueued(Post, { payload: "fails" })
    }))

  it.effect("completes a transactional job by hand, with the value given then", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Post, "completes")
      const run = yield* TestQueue.runOne(Post)

      assert.strictEqual(run.settlement._tag, "Completed")
      assert.deepStrictEqual(yield* mails, ["ada"])
      yield* TestQueue.refuteEnqueued(Post)
    }))

  it.effect("performs a transactional handler without its transaction", () =>
    Effect.gen(function*() {
      yield* cleared
      const { exit } = yield* TestQueue.perform(Post, "completes")

      assert.strictEqual(
        Exit.isFailure(exit) ? String(exit.cause.reasons[0]?._tag) : "Success",
        "Fail"
      )
      assert.deepStrictEqual(yield* mails, ["ada"])
    }))
}
