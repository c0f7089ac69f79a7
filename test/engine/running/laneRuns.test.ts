/**
 * Lane runs: the jobs of one lane that a worker has claimed together.
 *
 * Tests `src/layers/worker/LaneRun.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import { start } from "../Memory.ts"

it.effect("nothing of a lane's run goes on behind a job that blocks it", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const Link = Job.make("link", { payload: Schema.Finite, maxAttempts: 1, onFail: "block" })
    const handlers = Link.toLayer((n) => {
      if (n > 0) ran.push(n)
      return n === 1 ? Effect.fail("no") : Effect.void
    })
    // Quick jobs run first, so that the worker claims several jobs of a lane together.
    yield* enqueueAll(Link, Array.from({ length: 50 }, () => ({ payload: 0 })))
    const control = yield* start(handlers)
    yield* TestClock.adjust(1)

    yield* enqueueAll(Link, [1, 2, 3].map((payload) => ({ payload, key: "k" })))
    yield* control.stop("drain")
    yield* TestClock.adjust("1 second")

    assert.deepStrictEqual(yield* control.ended, [])
    assert.deepStrictEqual(ran, [1])
  }).pipe(Effect.provide(MemorySchema.layer)))
