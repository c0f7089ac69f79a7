/**
 * The reason of an interruption, as a handler finds it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { JobInterrupted } from "../../src/domain/Errors.ts"
import * as Interruption from "../../src/domain/Interruption.ts"
import * as Job from "../../src/layers/job/Job.ts"

const reasons = ["stopping", "cancelled", "timedOut", "paused", "lost"] as const

describe("an interruption", () => {
  it.effect.each(reasons)("says %s to a finalizer", (why) =>
    Effect.gen(function*() {
      const seen: Array<JobInterrupted | undefined> = []
      const handler = Effect.onExit(Effect.never, (exit) =>
        Effect.sync(() => {
          if (Exit.isFailure(exit)) seen.push(Job.interruption(exit.cause))
        }))
      const fiber = yield* Effect.forkChild(handler, { startImmediately: true })

      fiber.interruptUnsafe(undefined, Interruption.annotate(why))
      yield* Fiber.await(fiber)

      assert.deepStrictEqual(seen, [new JobInterrupted({ why })])
      assert.match(seen[0]!.message, /^the (?:worker|job|run) /)
    }))

  it("by something else has no reason", () => {
    assert.isUndefined(Job.interruption(Cause.interrupt(1)))
    assert.isUndefined(Job.interruption(Cause.fail("boom")))
  })
})
