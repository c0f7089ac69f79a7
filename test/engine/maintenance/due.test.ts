/**
 * Jobs for later.
 *
 * Tests `src/layers/worker/Maintenance.ts` and `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Clock, Duration, Effect, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import * as Session from "../../support/Session.ts"
import { finishedAll, median, options, producer, start, unfinished } from "../Live.ts"

const Alarm = Job.make("alarm", { payload: Schema.Finite })

layer(producer, options)("a job for later", (it) => {
  for (const key of [undefined, "k"]) {
    it.effect(`starts at its time ${key === undefined ? "without" : "with"} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const waits: Array<number> = []
        const handlers = Alarm.toLayer((time) =>
          Effect.map(Clock.currentTimeMillis, (now) => void waits.push(now - time))
        )
        yield* start(handlers, { queues: [queue] })

        const now = yield* Clock.currentTimeMillis
        for (let n = 0; n < 12; n++) {
          // The latest job comes first, so that each next job moves the timer to a sooner time.
          const time = now + 1500 - n * 90
          yield* enqueue(Alarm, time, { queue, key, runAt: new Date(time) })
        }

        yield* finishedAll(queue, 12)
        assert.isAtLeast(Math.min(...waits), 0)
        assert.isBelow(median(waits), 100)
        assert.isBelow(Math.max(...waits), 1000)
      }))
  }

  it.effect("starts at its time while somebody holds another that is due", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const waits: Array<number> = []
      const handlers = Alarm.toLayer((time) =>
        Effect.map(Clock.currentTimeMillis, (now) => void waits.push(now - time))
      )
      const holder = yield* Session.open
      const [held] = yield* holder.sql<{ id: bigint }>`
        INSERT INTO pgq.jobs (queue, name, payload, run_at)
        VALUES (${queue}, 'alarm', '0', now() + interval '10 milliseconds') RETURNING id
      `
      yield* holder.begin
      yield* holder.sql`SELECT FROM pgq.jobs WHERE id = ${held!.id} FOR UPDATE`
      yield* start(handlers, { queues: [queue] })

      const now = yield* Clock.currentTimeMillis
      const times = Array.from({ length: 6 }, (_, n) => now + 1500 + n * 300)
      for (const time of times) yield* enqueue(Alarm, time, { queue, runAt: new Date(time) })

      yield* finishedAll(queue, 6)
      assert.isAtLeast(Math.min(...waits), 0)
      assert.isBelow(median(waits), 100)
      yield* holder.rollback
      yield* finishedAll(queue, 7)
    }))

  it.effect("is told apart from those that are not due yet while somebody holds it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const holder = yield* Session.open
      const held = yield* holder.insert({ queue })
      yield* holder.sql`
        UPDATE pgq.jobs SET run_at = clock_timestamp() + interval '10 milliseconds' WHERE id = ${held}
      `
      yield* eventually(Effect.map(
        holder.sql<{ is: boolean }>`
          SELECT run_at < clock_timestamp() AS is FROM pgq.jobs WHERE id = ${held}
        `,
        ([row]) => assert.isTrue(row?.is)
      ))
      yield* holder.begin
      yield* holder.sql`SELECT FROM pgq.jobs WHERE id = ${held} FOR UPDATE`
      yield* enqueue(Alarm, 0, { queue, delay: Duration.minutes(10) })

      const sql = yield* PgClient.PgClient
      const [answer] = yield* sql<{ promoted: number; is_behind: boolean; next_in: number }>`
        SELECT * FROM pgq.promote(10)
      `

      assert.deepInclude(answer, { promoted: 0, is_behind: true })
      assert.isAbove(answer!.next_in, 590)
      yield* holder.rollback
    }))

  it.effect("starts that long after it was stored", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* start(Alarm.toLayer(() => undefined), { queues: [queue] })

      yield* enqueue(Alarm, 0, { queue, delay: Duration.millis(300) })

      yield* finishedAll(queue, 1)
      const [row] = yield* sql<{ millis: number }>`
        SELECT extract(epoch FROM claimed_at - created_at)::float8 * 1000 AS millis
        FROM pgq.finished_jobs WHERE queue = ${queue}
      `
      assert.isAtLeast(row!.millis, 300)
      assert.isBelow(row!.millis, 1300)
    }))

  it.effect("lets the others of its key go first", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ran: Array<number> = []
      yield* enqueue(Alarm, 1, { queue, key: "k", delay: Duration.hours(1) })
      yield* enqueue(Alarm, 2, { queue, key: "k" })

      yield* start(Alarm.toLayer((n) => void ran.push(n)), { queues: [queue] })

      yield* finishedAll(queue, 1)
      assert.deepStrictEqual(ran, [2])
      assert.deepStrictEqual((yield* unfinished(queue)).map(({ state }) => state), ["scheduled"])
    }))
})
