/**
 * Workers that have ended are known for a while: how they ended, and what they held.
 *
 * Tests `sql/0006_maintenance.sql`, `src/layers/worker/VitalSigns.ts` and `src/domain/Version.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { readFileSync } from "node:fs"
import { version } from "../../../src/domain/Version.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgScheduler from "../../../src/layers/postgres/PgScheduler.ts"
import * as VitalSigns from "../../../src/layers/worker/VitalSigns.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { eventually, queueName, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { finishedAll, options, producer, start } from "../Live.ts"

const Good = Job.make("good")

const pastOf = (id: string) =>
  PgClient.PgClient.use((sql) =>
    sql`SELECT ended, jobs_held, host, version FROM pgq.past_workers WHERE id = ${id}::uuid`
  )

/** A worker that has two jobs in leases. */
const holding = Effect.gen(function*() {
  const queue = yield* queueName
  const session = yield* Session.open
  const worker = yield* workerOf(queue)
  yield* session.insert({ queue })
  yield* session.insert({ queue })
  yield* session.claim({ queue, worker })
  return worker
})

layer(
  Layer.provideMerge(PgScheduler.layer({ schema: PgQueue.schema }), producer),
  options
)("a worker that has ended", (it) => {
  it.effect("has left if it signed off, with the version that it ran", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const control = yield* start(Good.toLayer(() => Effect.void), { queues: [queue] })
      yield* enqueue(Good, undefined, { queue })
      yield* finishedAll(queue, 1)
      const [worker] = yield* sql<{ id: string; version: string }>`
        SELECT id::text, version FROM pgq.workers WHERE ${queue} = ANY (queues)
      `
      yield* control.stop("finish")
      yield* control.ended

      assert.strictEqual(worker?.version, version)
      const past = yield* pastOf(worker!.id)
      assert.lengthOf(past, 1)
      assert.deepInclude(past[0], { ended: "left", jobs_held: 0, version })
    }))

  it.effect("held the jobs that went back when it left", () =>
    Effect.gen(function*() {
      const worker = yield* holding
      yield* WorkerRegistry.use((registry) => registry.leave(worker))

      assert.deepStrictEqual(yield* pastOf(worker), [
        { ended: "left", jobs_held: 2, host: "localhost", version }
      ])
    }))

  it.effect("has died if it was reported dead, and may die again", () =>
    Effect.gen(function*() {
      const worker = yield* holding
      const die = WorkerRegistry.use((registry) => registry.reportDead(worker))
      yield* die
      yield* die

      assert.deepStrictEqual(yield* pastOf(worker), [
        { ended: "died", jobs_held: 2, host: "localhost", version }
      ])
    }))

  it.effect("has died if it stayed late, with the jobs that a rescue gives back", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const worker = yield* holding
      yield* sql`
        UPDATE pgq.workers
        SET lease_until = now() - interval '1 hour', late_since = now() - interval '1 hour',
            lease = '1 ms'
        WHERE id = ${worker}::uuid
      `
      yield* Scheduler.use(({ rescue }) => rescue)

      assert.deepStrictEqual(yield* pastOf(worker), [
        { ended: "died", jobs_held: 2, host: "localhost", version }
      ])
    }))

  it.effect("is forgotten after a day, or behind ten thousand others, some thousands at a time", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      const forget = Effect.map(
        sql<{ n: number }>`SELECT pgq.forget_workers() AS n`,
        ([row]) => row!.n
      )
      const add = (count: number, age: string) =>
        sql`
        INSERT INTO pgq.past_workers (id, label, host, pid, started_at, ended_at, ended, jobs_held)
        SELECT gen_random_uuid(), '', '', 1, now(), now() - ${age}::interval, 'died', 0
        FROM generate_series(1, ${count})
      `
      yield* sql`DELETE FROM pgq.past_workers`
      yield* add(6000, "25 hours")
      yield* add(2, "23 hours")

      assert.deepStrictEqual([yield* forget, yield* forget], [5000, 1000])
      yield* add(10_000, "1 hour")
      assert.deepStrictEqual([yield* forget, yield* forget], [2, 0])
    }))

  it.effect("told how it did while it renewed, by the statement of its renewals", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* start(Good.toLayer(() => Effect.void), { queues: [queue], lease: "1 second" })

      yield* eventually(Effect.gen(function*() {
        const [worker] = yield* sql<{ vitals: object | null }>`
          SELECT vitals FROM pgq.workers WHERE ${queue} = ANY (queues)
        `
        assert.hasAllKeys(worker?.vitals, ["loopDelay", "rss", "waiting"])
      }))
    }))
})

describe("the vitals of a worker", () => {
  it.effect("are told every 10 seconds, not with each renewal", () =>
    Effect.gen(function*() {
      let now = 0
      const vitals = yield* VitalSigns.make({ now: () => now, waiting: () => 4 })
      const told: Array<number> = []
      for (; now < 30_000; now += 2500) if (vitals() !== undefined) told.push(now)

      assert.deepStrictEqual(told, [0, 10_000, 20_000])
      now = 60_000
      const { loopDelay, rss, waiting } = vitals()!
      assert.strictEqual(waiting, 4)
      assert.isAtLeast(loopDelay, 0)
      assert.isAbove(rss, 1_000_000)
    }).pipe(Effect.scoped))

  it("come with the version of the package", () => {
    assert.strictEqual(version, JSON.parse(readFileSync("package.json", "utf8")).version)
  })
})
