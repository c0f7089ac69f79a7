/**
 * Rules for errors, from the handler to the store.
 *
 * Tests `src/layers/job/HandlerLayer.ts` and `src/domain/Rules.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import { claimable, counts, start } from "../Memory.ts"

class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", {}) {}
class PaidBefore extends Schema.TaggedError<PaidBefore>()("PaidBefore", {}) {}
class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  retryAfter: Schema.Duration
}) {}

const whiches = ["declined", "paid", "limited"] as const

const Charge = Job.make("charge", {
  payload: Schema.Literals(whiches),
  error: Schema.Union([CardDeclined, PaidBefore, RateLimited]),
  onError: {
    CardDeclined: OnError.fail,
    PaidBefore: OnError.complete,
    RateLimited: ({ retryAfter }) => OnError.snooze(retryAfter)
  },
  maxAttempts: 1
})
type ChargeError = typeof Charge.error.Type

const ends: ReadonlyArray<
  readonly [
    how: string,
    end: (error: ChargeError) => Effect.Effect<never, ChargeError> | Promise<never>
  ]
> = [
  ["an Effect fails with", Effect.fail],
  ["an Effect dies of", Effect.die],
  ["a finalizer dies after", (error) => Effect.ensuring(Effect.fail(error), Effect.die("boom"))],
  ["a promise rejects with", (error) => Promise.reject(error)]
]

for (const [how, end] of ends) {
  it.effect(`the error that ${how} falls under its rule`, () =>
    Effect.gen(function*() {
      const errors = {
        declined: new CardDeclined(),
        paid: new PaidBefore(),
        limited: new RateLimited({ retryAfter: Duration.hours(1) })
      }
      yield* start(Charge.toLayer((which) => end(errors[which])))

      yield* enqueueAll(Charge, whiches.map((payload) => ({ payload })))
      yield* TestClock.adjust("1 second")

      const { completed, failed, scheduled } = yield* counts
      assert.deepStrictEqual([completed, failed, scheduled], [1, 1, 1])
      assert.deepStrictEqual(yield* claimable, [])
    }).pipe(Effect.provide(MemorySchema.layer)))
}
