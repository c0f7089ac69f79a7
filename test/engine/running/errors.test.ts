/**
 * The error text that is stored with a failed job.
 *
 * Tests `src/domain/ErrorText.ts` and `src/layers/worker/RunRecorder.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { PayloadInvalid } from "../../../src/domain/Errors.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as JobScript from "../../../src/layers/job/JobScript.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { queueName } from "../../Given.ts"
import { finishedAll, options, producer, start } from "../Live.ts"

const Doomed = Job.make("doomed", { payload: Schema.Unknown, maxAttempts: 1 })

const Strict = Job.make("strict", { payload: Schema.Struct({ to: Schema.String }) })

const Retried = Job.make("retried", { payload: Schema.Unknown })

/** Failures that have no description, or whose description cannot be read. */
const secretive: Record<string, unknown> = {
  "nothing": undefined,
  "an object without a prototype": Object.create(null),
  "an error whose JSON throws": Object.assign(Object.create(null), {
    toJSON: () => {
      throw new Error("no")
    }
  }),
  "an error whose message throws": Object.defineProperty(new Error("x"), "message", {
    get: () => {
      throw new Error("no")
    }
  })
}

layer(producer, options)("a failure", (it) => {
  it.effect("is stored without what PostgreSQL refuses, and cut to 8 KiB", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const error = new Error(`a\0b \uD800 é${"é".repeat(2 ** 19)}`)
      yield* start(Doomed.toLayer(() => Effect.fail(error)), { queues: [queue] })

      yield* enqueue(Doomed, {}, { queue })

      const [job] = yield* finishedAll(queue, 1)
      const [row] = yield* sql<{ bytes: number }>`
        SELECT octet_length(error) AS bytes FROM pgq.finished_jobs WHERE id = ${job!.id}
      `
      assert.match(job?.error ?? "", /^Error: a\uFFFDb \uFFFD éé+ …$/)
      assert.isAtMost(row!.bytes, 8192)
      assert.isAbove(row!.bytes, 8000)
    }))

  it.effect("is stored with every cause of it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const handlers = Doomed.toLayer(() =>
        Promise.any(["first", "second"].map((which) => Promise.reject(new Error(`${which} cause`))))
      )
      yield* start(handlers, { queues: [queue] })

      yield* enqueue(Doomed, {}, { queue })

      const [job] = yield* finishedAll(queue, 1)
      assert.match(job?.error ?? "", /^AggregateError: All promises were rejected/)
      assert.include(job?.error, "[error 1] Error: first cause")
      assert.include(job?.error, "[error 2] Error: second cause")
    }))

  for (const [what, thrown] of Object.entries(secretive)) {
    it.effect(`ends the job even if it is ${what}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const handlers = Doomed.toLayer(() => Effect.fail(thrown))
        yield* start(handlers, { queues: [queue] })

        yield* enqueue(Doomed, {}, { queue })

        const [job] = yield* finishedAll(queue, 1)
        assert.strictEqual(job?.outcome, "failed")
        assert.isNotEmpty(job?.error)
      }))
  }

  it.effect("to decode a payload is final at once, in the schema's words", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const runs: Array<unknown> = []
      yield* start(Strict.toLayer((payload) => void runs.push(payload)), { queues: [queue] })

      yield* sql`
        INSERT INTO pgq.jobs (queue, name, payload)
        VALUES (${queue}, 'strict', '{"to": 7}'), (${queue}, 'strict', '{"to": "you"}')
      `

      const jobs = yield* finishedAll(queue, 2)
      const failed = jobs.find(({ outcome }) => outcome === "failed")
      assert.deepStrictEqual(runs, [{ to: "you" }])
      assert.strictEqual(failed?.attempt, 1)
      assert.match(failed?.error ?? "", /does not fit "strict": Expected string.*\["to"\]/s)
    }))

  it.effect(
    "to hold a number beyond a double is final at once; a handler by name gets it infinite",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const queue = yield* queueName
        const seen: Array<unknown> = []
        const services = yield* Effect.context<JobScript.Services>()
        const { layer, queue: script } = yield* JobScript.setup
        script.handle("plain", (payload) => void seen.push(payload))
        const handlers = Layer.merge(
          Layer.provide(yield* layer, Layer.succeedContext(services)),
          Retried.toLayer(() => Effect.void)
        )
        yield* start(handlers, { queues: [queue] })

        yield* sql`
        INSERT INTO pgq.jobs (queue, name, payload)
        VALUES (${queue}, 'plain', '[1e400]'), (${queue}, 'retried', '{"to": [-1e400]}')
      `

        const failed = (yield* finishedAll(queue, 2)).filter(({ outcome }) => outcome === "failed")
        assert.deepStrictEqual(seen, [[Infinity]])
        assert.deepStrictEqual(failed.map(({ attempt, name }) => [name, attempt]), [["retried", 1]])
        assert.match(failed[0]?.error ?? "", /does not fit "retried": .* too large for JavaScript/)
      })
  )

  it.effect("of a handler to add another job is tried again", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const Parent = Job.make("parent", {
        payload: Schema.Unknown,
        maxAttempts: 2,
        backoffBase: "1 milli"
      })
      const handlers = Parent.toLayer(() =>
        Effect.fail(new PayloadInvalid({ name: "child", issue: "no" }))
      )
      yield* start(handlers, { queues: [queue] })

      yield* enqueue(Parent, {}, { queue })

      assert.strictEqual((yield* finishedAll(queue, 1))[0]?.attempt, 2)
    }))
})
