/**
 * The facts that a handler gets about its job, exact to the last digit.
 *
 * Tests `src/layers/worker/JobRunner.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import type { RunningJob } from "../../../src/domain/JobRecord.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { queueName } from "../../Given.ts"
import { options, producer, start } from "../Live.ts"

const Exact = Job.make("exact", { payload: Schema.Unknown })

layer(producer, options)("a running job", (it) => {
  const run = Effect.fnUntraced(function*(
    payload: string,
    key: string | null,
    expiresAt: string | null = null
  ) {
    const sql = yield* PgClient.PgClient
    const queue = yield* queueName
    const running = yield* Deferred.make<{ readonly payload: unknown; readonly job: RunningJob }>()
    const handlers = Exact.toLayer((decoded, job) =>
      Deferred.succeed(running, { payload: decoded, job })
    )
    yield* start(handlers, { queues: [queue] })
    yield* sql`
      INSERT INTO pgq.jobs (queue, name, payload, serialization_key, expires_at)
      VALUES (${queue}, 'exact', ${payload}::text::jsonb, ${key}, ${expiresAt}::text::timestamptz)
    `
    return yield* Deferred.await(running)
  })

  it.effect("has its payload as text, with the digits that a number loses", () =>
    Effect.gen(function*() {
      const text = "{\"n\": 12345678901234567890, \"price\": 1.10}"

      const { job, payload } = yield* run(text, null)

      assert.strictEqual(job.payloadText, text)
      assert.deepStrictEqual(payload, { n: 12345678901234567000, price: 1.1 })
    }))

  it.effect("has a large payload as text, too", () =>
    Effect.gen(function*() {
      const text = JSON.stringify("x".repeat(500_000))

      const { job } = yield* run(text, null)

      assert.strictEqual(job.payloadText, text)
    }))

  it.effect("has the time at which it expires, if there is one that a Date can tell", () =>
    Effect.gen(function*() {
      const times = ["2040-02-29T12:30:00.250Z", null, "infinity", "290000-01-01"]

      const jobs = yield* Effect.forEach(times, (time) => run("{}", null, time))

      assert.deepStrictEqual(jobs.map(({ job }) => job.expiresAt), [
        new Date("2040-02-29T12:30:00.250Z"),
        undefined,
        undefined,
        undefined
      ])
    }))

  it.effect("can be written as JSON, its id as text", () =>
    Effect.gen(function*() {
      const { job } = yield* run("{}", "customer-7")

      assert.deepStrictEqual(JSON.parse(JSON.stringify({ job })), {
        job: { id: String(job.id), name: "exact", key: "customer-7", priority: 0, attempt: 1 }
      })
    }))
})
