/**
 * A test lets workers die, and lose their leases.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { It } from "../TestQueueSuite.ts"
import { toOf } from "./Draining.ts"
import { Charge, cleared, Mail, mailTo } from "./Kinds.ts"

export const faults = (it: It): void => {
  it.effect("runs a job again whose worker has died", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("ada", { key: "k" })
      yield* mailTo("bob", { key: "k" })

      const { exit, job } = yield* TestQueue.crash({ during: Mail })
      const runs = yield* TestQueue.drain()
      const none = yield* Effect.flip(TestQueue.crash({ during: Charge }))

      assert.deepStrictEqual([toOf(job), exit], ["ada", Exit.succeed("ada")])
      assert.deepStrictEqual(runs.map(({ job }) => [toOf(job), job.attempt]), [
        ["ada", 1],
        ["bob", 1]
      ])
      assert.strictEqual(none.message, "no job of \"charge\" is ready; no job is queued")
    }))

  it.effect("ends a job whose worker has died three times", () =>
    Effect.gen(function*() {
      yield* cleared
      const id = yield* mailTo("ada")

      yield* Effect.repeat(TestQueue.crash({ during: Mail }), { times: 2 })

      assert.deepStrictEqual(yield* TestQueue.drain(), [])
      assert.strictEqual(yield* JobControl.use((control) => control.outcomeOf(id)), "crashed")
    }))

  it.effect("records nothing of a run whose lease was lost", () =>
    Effect.gen(function*() {
      yield* cleared
      yield* mailTo("before it")
      const id = yield* mailTo("ada")
      const before = yield* completed

      const late = yield* TestQueue.loseLease(id)
      const early = yield* late.settle
      const runs = yield* TestQueue.drain()
      const lost = yield* late.settle
      const again = yield* Effect.flip(TestQueue.loseLease(id))

      assert.strictEqual(toOf(late.job), "ada")
      assert.deepStrictEqual(runs.map(({ job }) => toOf(job)), ["before it", "ada"])
      assert.deepStrictEqual([...early, ...lost].map((one) => one.id), [id, id])
      assert.strictEqual(yield* completed, before + 2)
      assert.strictEqual(again.message, `job ${id} is not ready; no job is queued`)
    }))
}

const completed = Effect.map(
  JobAdmin.use(({ counts }) => counts),
  (counts) => counts.find(({ queue }) => queue === "default")?.completed ?? 0
)
