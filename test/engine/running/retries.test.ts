/**
 * Runs that fail are tried again, until their attempts are used up.
 *
 * Tests `src/domain/Backoff.ts` and `sql/0005_settle.sql`.
 */
// Handlers of applications also fail with plain errors.
// @effect-diagnostics globalErrorInEffectFailure:off
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import { finished, finishedAll, options, producer, start, unfinished } from "../Live.ts"

const Fragile = Job.make("fragile", {
  payload: Schema.Unknown,
  maxAttempts: 3,
  backoffBase: "10 millis"
})

const ways: Record<string, () => unknown> = {
  "fails": () => Effect.fail(new Error("boom")),
  "fails with a value that is no error": () => Effect.fail({ boom: 1n }),
  "dies": () => Effect.die("boom"),
  "interrupts itself": () =>
    Effect.andThen(Effect.annotateCurrentSpan("boom", 1), Effect.interrupt),
  "throws": () => {
    throw new Error("boom")
  },
  "returns a promise that rejects": () => Promise.reject(new Error("boom")),
  "throws in an async function": async () => {
    await Promise.resolve()
    throw new Error("boom")
  }
}

layer(producer, options)("a handler that", (it) => {
  for (const [way, run] of Object.entries(ways)) {
    it.effect(`${way} is tried again, until its attempts are used up`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const attempts: Array<number> = []
        const handlers = Fragile.toLayer((_, job) => {
          attempts.push(job.attempt)
          return run()
        })
        yield* start(handlers, { queues: [queue] })

        const id = yield* enqueue(Fragile, {}, { queue })

        const [job] = yield* finishedAll(queue, 1)
        assert.deepStrictEqual(attempts, [1, 2, 3])
        assert.deepStrictEqual([job?.id, job?.outcome, job?.attempt], [id, "failed", 3])
        assert.match(job?.error ?? "", way === "interrupts itself" ? /interrupt/ : /boom/)
        assert.lengthOf(yield* unfinished(queue), 0)
      }))
  }

  it.effect("succeeds in the end has completed, with its attempts counted", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const handlers = Fragile.toLayer((_, { attempt }) =>
        attempt === 2 ? Promise.resolve() : Promise.reject(new Error("boom"))
      )
      yield* start(handlers, { queues: [queue] })

      yield* enqueue(Fragile, {}, { queue })

      const [job] = yield* finishedAll(queue, 1)
      assert.deepStrictEqual([job?.outcome, job?.attempt, job?.error], ["completed", 2, null])
    }))

  it.effect("fails is tried as often as its job says, before its kind", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* start(Fragile.toLayer(() => Effect.fail("boom")), { queues: [queue] })

      yield* enqueue(Fragile, {}, { queue, maxAttempts: 1 })
      yield* enqueue(Fragile, {}, { queue, maxAttempts: 4 })

      const attempts = (yield* finishedAll(queue, 2)).map(({ attempt }) => attempt)
      assert.deepStrictEqual(attempts, [1, 4])
    }))

  it.effect("fails waits for its backoff, its error in sight", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const Slow = Job.make("slow", { payload: Schema.Unknown, backoffBase: "1 hour" })
      yield* start(Slow.toLayer(() => Effect.fail(new Error("boom"))), { queues: [queue] })

      yield* enqueue(Slow, {}, { queue })

      const waiting = yield* eventually(Effect.gen(function*() {
        const [job] = yield* unfinished(queue)
        assert.strictEqual(job?.state, "retry")
        return job!
      }))
      assert.strictEqual(waiting.failures, 1)
      assert.match(waiting.error ?? "", /Error: boom/)
      const [row] = yield* sql<{ within: boolean }>`
        SELECT run_at BETWEEN now() - interval '1 minute' AND now() + interval '1 hour' AS within
        FROM pgq.jobs WHERE id = ${waiting.id}
      `
      assert.isTrue(row!.within)
      assert.lengthOf(yield* finished(queue), 0)
    }))
})
