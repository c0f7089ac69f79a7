/**
 * Jobs whose name has no handler in this worker. Another worker may have a handler.
 *
 * Tests `src/layers/worker/RunRecorder.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Schema, Scope } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import { finishedAll, options, producer, start, unfinished } from "../Live.ts"

const Known = Job.make("known", { payload: Schema.Unknown })
const Mystery = Job.make("mystery", { payload: Schema.Unknown })

layer(producer, options)("a job of an unknown name", (it) => {
  it.effect("is unhandled with the reason in sight, until a worker has a handler", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const scope = yield* Scope.make()
      yield* start(Known.toLayer(() => undefined), { queues: [queue], scope })
      const id = yield* enqueue(Mystery, {}, { queue })

      const unhandled = yield* eventually(Effect.gen(function*() {
        const [job] = yield* unfinished(queue)
        assert.strictEqual(job?.state, "retry")
        return job!
      }))
      assert.deepStrictEqual([unhandled.failures, unhandled.unhandled_count], [0, 1])
      assert.match(unhandled.error ?? "", /no handler for "mystery"/)
      yield* Scope.close(scope, Exit.void)

      const attempts: Array<number> = []
      const handlers = Mystery.toLayer((_, { attempt }) => void attempts.push(attempt))
      yield* sql`UPDATE pgq.jobs SET run_at = now() WHERE id = ${id}`
      yield* start(handlers, { queues: [queue] })

      const [job] = yield* finishedAll(queue, 1)
      assert.deepStrictEqual([job?.outcome, job?.attempt, job?.error], ["completed", 1, null])
      assert.deepStrictEqual(attempts, [1])
    }))

  it.effect("waits longer each time", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* start(Known.toLayer(() => undefined), { queues: [queue] })
      yield* enqueue(Mystery, {}, { queue })

      const waits: Array<number> = []
      for (const unhandledCount of [1, 2, 3]) {
        const [row] = yield* eventually(Effect.tap(
          sql<{ unhandled_count: number; seconds: number }>`
            SELECT unhandled_count, extract(epoch FROM run_at - now())::float8 AS seconds
            FROM pgq.jobs WHERE queue = ${queue}
          `,
          ([row]) => Effect.sync(() => assert.strictEqual(row?.unhandled_count, unhandledCount))
        ))
        waits.push(row!.seconds)
        yield* sql`UPDATE pgq.jobs SET run_at = now() WHERE queue = ${queue}`
        yield* sql`SELECT * FROM pgq.promote(10)`
      }

      for (const [index, seconds] of [30, 60, 120].entries()) {
        assert.approximately(waits[index]!, seconds, 5)
      }
    }))

  it.effect("does not stop those behind it, however many they are", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const mysteries = Array.from({ length: 300 }, () => ({ payload: {}, queue }))
      yield* enqueueAll(Mystery, mysteries)
      yield* enqueueAll(Known, [{ payload: {}, queue }, { payload: {}, queue, key: "k" }])

      yield* start(Known.toLayer(() => undefined), { queues: [queue], workers: 2 })

      yield* finishedAll(queue, 2)
      yield* eventually(Effect.gen(function*() {
        const left = yield* unfinished(queue)
        assert.lengthOf(left, 300)
        assert.isTrue(
          left.every(({ failures, unhandled_count }) => failures === 0 && unhandled_count === 1)
        )
      }))
    }))
})
