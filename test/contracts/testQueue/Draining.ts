/**
 * A test runs the jobs that are ready.
 */
import { assert } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { It } from "../TestQueueSuite.ts"
import { Charge, cleared, Flaky, Mail, Mails, mailTo, Nap, Quits, Stray } from "./Kinds.ts"

export const draining = (it: It): void => {
  it.effect("runs what is ready by priority and id, whatever its queue", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("third")
      yield* mailTo("first", { priority: 5, queue: "other" })
      yield* mailTo("fourth", { queue: "other" })
      yield* mailTo("second", { priority: 1, key: "k" })
      yield* mailTo("later", { delay: "1 hour" })

      const runs = yield* TestQueue.drain()

      assert.deepStrictEqual(
        runs.map(({ job, settlement }) => [toOf(job), settlement._tag]),
        [
          ["first", "Completed"],
          ["second", "Completed"],
          ["third", "Completed"],
          ["fourth", "Completed"]
        ]
      )
      assert.deepStrictEqual(runs[0]?.exit, Exit.succeed("first"))
      assert.deepStrictEqual(yield* TestQueue.drain(), [])
    }))

  it.effect("keeps the order of a lane, and takes other jobs meanwhile", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Flaky, { succeedsAt: 2 }, { key: "k" })
      yield* mailTo("behind", { key: "k" })
      yield* mailTo("beside")

      const first = yield* TestQueue.drain({ onFailure: "record" })
      yield* TestQueue.travel("1 hour")
      const second = yield* TestQueue.drain()

      assert.deepStrictEqual(first.map(({ settlement }) => settlement._tag), [
        "Retried",
        "Completed"
      ])
      assert.deepStrictEqual(first.map(({ job }) => toOf(job)), [undefined, "beside"])
      assert.deepStrictEqual(second.map(({ job }) => toOf(job)), [undefined, "behind"])
      assert.strictEqual(second[0]?.job.attempt, 2)
    }))

  it.effect("runs what jobs enqueue, and says which run it was", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Mails, 2)

      const runs = yield* TestQueue.drain()

      assert.deepStrictEqual(runs.map(({ job }) => job.name), ["mails", "mail", "mail"])
      assert.deepStrictEqual(runs.map(({ enqueued }) => enqueued.map(toOf)), [["0", "1"], [], []])
    }))

  it.effect("looks at these queues only, and ends after the limit", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("a")
      yield* mailTo("b", { queue: "other" })
      yield* mailTo("c", { queue: "other" })

      const runs = yield* TestQueue.drain({ queues: ["other"], limit: 1 })

      assert.deepStrictEqual(runs.map(({ job }) => toOf(job)), ["b"])
      assert.deepStrictEqual((yield* TestQueue.enqueued(Mail)).map(toOf), ["a", "c"])
    }))

  it.effect("fails with the Cause of the first run that fails", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Nap)
      yield* enqueue(Flaky, { succeedsAt: 2 })
      yield* mailTo("not reached")

      const failed = yield* Effect.flip(TestQueue.drain())

      assert(failed._tag === "RunFailed")
      assert.strictEqual(failed.settlement, "Retried")
      assert.strictEqual(Cause.squash(failed.cause), "not in attempt 1")
      assert.match(failed.message, /^job \d+ of "flaky", attempt 1: the run failed, and is tried/)
      // Its end is recorded all the same.
      assert.strictEqual((yield* TestQueue.enqueued(Flaky))[0]?.attempt, 2)
      assert.deepStrictEqual((yield* TestQueue.enqueued(Mail)).map(toOf), ["not reached"])
    }))

  it.effect("fails for a job that fails for good, and for one without a handler", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* enqueue(Charge, { card: "bad" })
      const failed = yield* Effect.flip(TestQueue.drain())
      yield* enqueue(Stray)
      const missing = yield* Effect.flip(TestQueue.drain())

      assert.strictEqual(failed._tag === "RunFailed" && failed.settlement, "Failed")
      assert(missing._tag === "RunFailed")
      assert.strictEqual(missing.settlement, "Unhandled")
      assert.match(missing.message, /no handler for "stray"; name its kind/)
    }))

  it.effect("does not run a job again that was cancelled meanwhile", () =>
    Effect.gen(function*() {
      yield* cleared
      const ids = yield* enqueueAll(Quits, [{ payload: "fails" }, { payload: "succeeds" }])

      const runs = yield* TestQueue.drain()

      assert.deepStrictEqual(runs.map(({ settlement }) => settlement._tag), [
        "Cancelled",
        "Completed"
      ])
      const control = yield* JobControl
      assert.deepStrictEqual(yield* Effect.forEach(ids, control.outcomeOf), [
        "cancelled",
        "completed"
      ])
    }))

  it.effect("records failures where it is asked to, as a worker does", () =>
    Effect.gen(function*() {
      yield* cleared
      const before = yield* failedCount
      yield* enqueue(Charge, { card: "bad" })

      const runs = yield* TestQueue.drain({ onFailure: "record" })

      assert.deepStrictEqual(runs.map(({ settlement }) => settlement._tag), ["Failed"])
      assert.strictEqual(yield* failedCount, before + 1)
    }))

  it.effect("runs one job, or the next of a kind, and leaves the others in their order", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("a")
      yield* mailTo("b")
      yield* enqueue(Flaky, { succeedsAt: 9 })

      const flaky = yield* TestQueue.runOne(Flaky)
      const next = yield* TestQueue.runOne()
      const none = yield* Effect.flip(TestQueue.runOne(Charge))

      assert.deepStrictEqual(flaky.settlement._tag, "Retried")
      assert.strictEqual(toOf(next.job), "a")
      assert.match(none.message, /^no job of "charge" is ready; these jobs are queued/)
      assert.deepStrictEqual((yield* TestQueue.drain()).map(({ job }) => toOf(job)), ["b"])
    }))
}

const failedCount = Effect.map(
  JobAdmin.use(({ counts }) => counts),
  (counts) => counts.find(({ queue }) => queue === "default")?.failed ?? 0
)

export const toOf = ({ payload }: { readonly payload: unknown }): unknown =>
  typeof payload === "object" && payload !== null && "to" in payload ? payload.to : undefined
