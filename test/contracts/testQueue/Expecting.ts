/**
 * A test expects jobs to be queued, or not to be.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import type { It } from "../TestQueueSuite.ts"
import { toOf } from "./Draining.ts"
import { cleared, Mail, mailTo, Nap } from "./Kinds.ts"

const at = new Date("2026-01-02T03:04:05Z")

export const expecting = (it: It): void => {
  it.effect("answers what is queued, decoded, the most urgent first", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("later", { delay: "1 hour", maxAttempts: 2 })
      const id = yield* enqueue(Mail, { to: "ada", at }, { priority: 3, key: "k", queue: "q" })
      yield* enqueue(Nap)

      const [first, second, ...more] = yield* TestQueue.enqueued(Mail)

      assert.deepStrictEqual(first, {
        id,
        queue: "q",
        name: "mail",
        payload: { to: "ada", at },
        key: "k",
        priority: 3,
        attempt: 1,
        maxAttempts: undefined,
        delay: Duration.zero
      })
      assert.strictEqual(second!.maxAttempts, 2)
      assert.closeTo(Duration.toMinutes(second!.delay), 60, 1)
      assert.deepStrictEqual(more, [])
      assert.strictEqual((yield* TestQueue.enqueued()).length, 3)
    }))

  it.effect("finds a job by a part of its payload and of its options", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Mail, { to: "ada", at, tags: ["a", "b"] }, { key: "k", delay: "5 minutes" })

      const found = yield* TestQueue.assertEnqueued(Mail, {
        payload: { at, tags: ["a", "b"] },
        key: "k",
        queue: "default",
        within: "1 hour"
      })

      assert.strictEqual(found.payload.to, "ada")
      for (
        const other of [
          { payload: { at: new Date(0) } },
          { payload: { tags: ["a"] } },
          { key: "l" },
          { priority: 1 },
          { within: "1 minute" }
        ] as const
      ) {
        yield* TestQueue.refuteEnqueued(Mail, other)
        yield* Effect.flip(TestQueue.assertEnqueued(Mail, other))
      }
    }))

  it.effect("says what is queued, the nearest first", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Nap)
      yield* mailTo("bob")
      yield* mailTo("ada", { key: "k" })

      const missing = yield* Effect.flip(
        TestQueue.assertEnqueued(Mail, { payload: { to: "ada" }, priority: 2 })
      )

      assert.strictEqual(
        missing.message.replaceAll(/" \d+/g, "\" N"),
        `"mail" with payload {"to":"ada"}, priority 2 is not queued; ` +
          "these jobs are queued, the nearest first:\n" +
          `  "mail" N, {"to":"ada"}, key "k": priority is 0\n` +
          `  "mail" N, {"to":"bob"}: payload.to is "bob", priority is 0\n` +
          `  "nap" N`
      )
    }))

  it.effect("says which jobs are queued against the expectation", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* TestQueue.refuteEnqueued(Mail)
      yield* mailTo("ada")

      const unexpected = yield* Effect.flip(TestQueue.refuteEnqueued(Mail))

      assert.strictEqual(
        unexpected.message.replaceAll(/" \d+/g, "\" N"),
        `"mail" is queued:\n  "mail" N, {"to":"ada"}`
      )
    }))

  it.effect("answers what an effect has enqueued, apart from what there was", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("before")

      const [id, jobs] = yield* TestQueue.during(mailTo("ada"))

      assert.deepStrictEqual(jobs.map((job) => [job.id, toOf(job)]), [[id, "ada"]])
    }))
}
