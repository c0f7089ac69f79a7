/**
 * A test lets time pass.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { offer } from "../../../src/services/Offer.ts"
import type { It } from "../TestQueueSuite.ts"
import { toOf } from "./Draining.ts"
import { Charge, cleared, Flaky, mailTo, Nap } from "./Kinds.ts"

export const travelling = (it: It): void => {
  it.effect("makes jobs come due, and runs none", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("ada", { delay: "3 days" })
      yield* mailTo("bob", { delay: "3 days", key: "k" })

      yield* TestQueue.travel("2 days")
      assert.deepStrictEqual(yield* TestQueue.drain(), [])
      yield* TestQueue.travel("1 day")

      assert.deepStrictEqual((yield* TestQueue.drain()).map(({ job }) => toOf(job)), [
        "ada",
        "bob"
      ])
    }))

  it.effect("lets jobs expire that nobody has run by then", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("ada", { expiresIn: "3 days" })
      yield* mailTo("bob", { expiresIn: "1 day" })

      yield* TestQueue.travel("2 days")

      assert.deepStrictEqual((yield* TestQueue.drain()).map(({ job }) => toOf(job)), ["ada"])
    }))

  it.effect("lets the time pass in which a key is taken after the end of its job", () =>
    Effect.gen(function*() {
      yield* cleared
      const Sync = Job.make("sync", { unique: { within: "1 hour" } })
      const first = yield* offer(Sync)
      yield* cleared
      yield* TestQueue.travel("30 minutes")
      const second = yield* offer(Sync)
      yield* TestQueue.travel("30 minutes")
      const third = yield* offer(Sync)

      assert.deepStrictEqual(
        [first, second, third].map(({ outcome }) => outcome),
        ["added", "kept", "added"]
      )
      assert.strictEqual(second.id, first.id)
    }))

  it.effect("lets the time pass for which a debounce lets a job wait", () =>
    Effect.gen(function*() {
      yield* cleared
      const Reindex = Job.make("reindex", { debounce: { wait: "1 hour", maxWait: "90 minutes" } })
      yield* offer(Reindex)
      yield* TestQueue.travel("50 minutes")
      yield* offer(Reindex)

      yield* TestQueue.assertEnqueued(Reindex, { within: "40 minutes" })
      yield* cleared
    }))

  it.effect("puts a job that was tried behind those that are ready by then", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Flaky, { succeedsAt: 2 })
      yield* TestQueue.drain({ onFailure: "record" })
      yield* mailTo("ready")

      yield* TestQueue.travel("1 hour")

      assert.deepStrictEqual((yield* TestQueue.drain()).map(({ job }) => job.name), [
        "mail",
        "flaky"
      ])
    }))

  it.effect("goes from one due time to the next until the time is over", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Nap)
      yield* mailTo("in time", { delay: "25 minutes" })
      yield* mailTo("too late", { delay: "2 hours" })

      const runs = yield* TestQueue.drainUntil("35 minutes")

      assert.deepStrictEqual(runs.map(({ job }) => job.name), ["nap", "nap", "nap", "mail", "nap"])
      assert.strictEqual((yield* TestQueue.enqueued()).length, 2)
    }))

  it.effect("fails at the first failed run, and goes on where failures are recorded", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Flaky, { succeedsAt: 3 })
      yield* enqueue(Charge, { card: "bad" }, { delay: "5 days" })

      const failed = yield* Effect.flip(TestQueue.drainUntil("9 days"))
      const runs = yield* TestQueue.drainUntil("9 days", { onFailure: "record" })

      assert.strictEqual(failed._tag, "RunFailed")
      assert.deepStrictEqual(runs.map(({ settlement }) => settlement._tag), [
        "Retried",
        "Completed",
        "Failed"
      ])
    }))
}
