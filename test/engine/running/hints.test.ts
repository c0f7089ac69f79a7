/**
 * Hints that awaited jobs have ended.
 *
 * Tests `src/layers/postgres/PgEndHints.ts` and `sql/0005_settle.sql`.
 */
import { PgClient, PgConnection } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Queue, Schema } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgEndHints from "../../../src/layers/postgres/PgEndHints.ts"
import * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { ends, run } from "../../contracts/jobControl/ByHand.ts"
import { claim, eventually, queueName, settle, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options, start } from "../Live.ts"

const Sum = Job.make("sum", { success: Schema.Finite })
const three = Settlement.Completed({ result: { keep: Duration.days(1), value: "3" } })

/** The jobs with a row. */
const awaited = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ id: bigint }>`SELECT job_id AS id FROM pgq.awaited ORDER BY 1`
  return rows.map(({ id }) => id)
})

/** The connections that listen for the ends of jobs, and for nothing else. */
const listeners = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  return yield* sql<{ pid: number }>`
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE '% waiter'
  `
})

/** Hears what is said on the channel of ended jobs. */
const hearing = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const connection = yield* PgConnection.make(sql.config)
  const pinned = yield* connection.pin
  return yield* pinned.listen("pgq:ended")
})

/** Hints whose connection stands, and the jobs of which they have told. */
const hints = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const told = yield* Queue.unbounded<string>()
  const { want } = yield* PgEndHints.make(sql, {
    schema: "pgq",
    hasWaiters: () => true,
    hint: (ids) => Queue.offerUnsafe(told, ids === "all" ? "all" : Array.from(ids).join())
  })
  yield* want([])
  assert.strictEqual(yield* Queue.take(told), "all")
  return { want, next: Queue.take(told) }
})

layer(PgQueue.layer, options)("who awaits a job", (it) => {
  it.effect("has a row for it, and is told of its end", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const { next, want } = yield* hints
      const id = yield* enqueue(Sum, undefined, { queue })
      yield* want([id])
      assert.include(yield* awaited, id)

      yield* run(queue, three)

      assert.strictEqual(yield* next, String(id))
    }))

  for (const [outcome, end] of ends) {
    it.effect(`is told of a job that ends as ${outcome}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const { next, want } = yield* hints
        const id = yield* enqueue(Sum, undefined, { queue })
        yield* want([id])

        yield* end(queue, id)

        assert.strictEqual(yield* next, String(id))
      }))
  }

  it.effect("is told of a job that its handler completes, by the commit and by no other try", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const { next, want } = yield* hints
      const Quick = Job.make("quick", { success: Schema.Finite, backoffBase: "1 milli" })
      const id = yield* enqueue(Quick, undefined, { queue })
      yield* want([id])

      yield* start(
        Quick.toLayer((_, job) =>
          Effect.gen(function*() {
            yield* job.complete(3)
            return job.attempt === 1 ? yield* Effect.fail("rolled back") : 3
          }).pipe(sql.withTransaction)
        ),
        { queues: [queue] }
      )

      assert.strictEqual(yield* next, String(id))
      assert.strictEqual(yield* Job.await(Quick, id), 3)
      yield* sql`SELECT pg_notify('pgq:ended', 'last')`
      assert.strictEqual(yield* next, "all")
    }))

  it.effect("is told to look at all jobs where too many have ended for one message", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const { next, want } = yield* hints
      const ids = yield* sql<{ id: bigint }>`
        INSERT INTO pgq.jobs (name, queue) SELECT 'sum', ${queue} FROM generate_series(1, 301)
        RETURNING id
      `
      yield* want(ids.map(({ id }) => id))
      const jobs = yield* claim({ queue, worker: yield* workerOf(queue), limit: 301, slots: 301 })

      yield* settle(jobs, three)

      assert.strictEqual(yield* next, "all")
    }))

  it.effect("is answered in each of two processes", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sum, undefined, { queue })
      const far = yield* Layer.build(QueueLive.client())
      const waiting = [
        yield* Effect.forkChild(Job.await(Sum, id)),
        yield* Effect.forkChild(Effect.provideContext(Job.await(Sum, id), far))
      ]
      yield* eventually(Effect.map(awaited, (ids) => assert.include(ids, id)))

      yield* run(queue, three)

      assert.deepStrictEqual(yield* Effect.forEach(waiting, Fiber.join), [3, 3])
    }))

  it.effect("is answered, though LISTEN was cut and the end came meanwhile", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const id = yield* enqueue(Sum, undefined, { queue })
      const waiting = yield* Effect.forkChild(Job.await(Sum, id))
      yield* eventually(Effect.map(awaited, (ids) => assert.include(ids, id)))

      for (const { pid } of yield* listeners) yield* sql`SELECT pg_terminate_backend(${pid})`
      yield* run(queue, three)

      assert.strictEqual(yield* Fiber.join(waiting), 3)
    }))

  it.effect("leaves no row for longer than some minutes", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { want } = yield* hints
      yield* want([7n, 8n])
      yield* sql`UPDATE pgq.awaited SET until = now() WHERE job_id = 7`

      yield* Scheduler.use((scheduler) => scheduler.forget)

      const ids = yield* awaited
      assert.notInclude(ids, 7n)
      assert.include(ids, 8n)
    }))
})

layer(PgQueue.layer, options)("where nobody awaits a job", (it) => {
  it.effect("nothing is said of its end", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const heard = yield* hearing
      const sql = yield* PgClient.PgClient
      yield* enqueue(Sum, undefined, { queue })
      yield* run(queue, three)
      yield* sql`SELECT pg_notify('pgq:ended', 'last')`

      assert.strictEqual((yield* Queue.take(heard)).payload, "last")
    }))

  it.effect("a settlement of jobs without results asks nothing about it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const scans = Effect.map(
        sql<{ scans: number }>`
          SELECT sum(pg_stat_get_xact_numscans(oid))::integer AS scans FROM pg_class
          WHERE relname LIKE 'awaited%' AND relnamespace = 'pgq'::regnamespace
        `,
        ([row]) => row!.scans
      )
      const scansOf = (settlement: Settlement) =>
        sql.withTransaction(Effect.gen(function*() {
          yield* enqueue(Sum, undefined, { queue })
          const before = yield* scans
          yield* run(queue, settlement)
          return (yield* scans) - before
        }))

      assert.strictEqual(yield* scansOf(Settlement.Completed()), 0)
      assert.strictEqual(yield* scansOf(three), 1)
    }))

  it.effect("no connection listens", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sum, undefined, { queue })
      yield* run(queue, three)
      yield* Job.await(Sum, id)

      assert.deepStrictEqual(yield* listeners, [])
    }))
})
