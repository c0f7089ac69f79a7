/**
 * Which finished jobs history keeps, and for how long.
 *
 * Tests `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { RetryAnswer } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as PgSchema from "../../../src/layers/postgres/PgSchema.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Session from "../../support/Session.ts"
import { finished, millis, options, start, unfinished } from "../Live.ts"
import { addDay, addFinished, days, dropDay } from "./Days.ts"

const prune = Scheduler.use((scheduler) => scheduler.prune)

/** Adds a job to the queue, claims it and settles it. */
const runOne = Effect.fnUntraced(function*(queue: string, settlement: Settlement) {
  const worker = yield* workerOf(queue)
  yield* enqueue(queue, {})
  const jobs = yield* claim({ queue, worker })
  return { jobs, lost: yield* settle(jobs, settlement) }
})

const failed = Settlement.Failed({ error: "no", blocksLane: false })
const cancelled = Settlement.Cancelled({ error: "not wanted" })

/** The names of the jobs of a queue with runs that did not complete. */
const runs = (queue: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(
      sql<{ name: string }>`SELECT name FROM pgq.runs WHERE queue = ${queue} ORDER BY ended_at`,
      (rows) => rows.map(({ name }) => name)
    )
  )

layer(PgQueue.layer, options)("history", (it) => {
  it.effect("has a partition for each of the next days from the beginning", () =>
    Effect.gen(function*() {
      const expected = [0, 1, 2, 3, 4, 5, 6, 7]

      assert.deepStrictEqual(yield* days("completed_jobs"), expected)
      assert.deepStrictEqual(yield* days("failed_jobs"), expected)
      assert.deepStrictEqual(yield* days("dropped_jobs"), expected)
      assert.deepStrictEqual(yield* days("runs"), expected)
      assert.deepStrictEqual(yield* days("log_lines"), expected)
    }))

  it.effect("keeps completed jobs for a day, failed ones for 30, others for 7, by whole days", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      for (const day of [-1, -2, -9]) yield* addDay("completed_jobs", day, queue)
      for (const day of [-1, -9, -29, -31, -40]) yield* addDay("failed_jobs", day, queue)
      for (const day of [-1, -7, -8, -40]) yield* addDay("dropped_jobs", day, queue)
      for (const day of [-1, -29, -31]) yield* addDay("runs", day, queue)
      for (const day of [-1, -7, -8]) yield* addDay("log_lines", day, queue)

      yield* prune
      yield* prune

      const names = (yield* finished(queue)).map(({ name, outcome }) => `${outcome}, ${name}`)
        .toSorted((a, b) => dayIn(a) - dayIn(b) || (a < b ? -1 : 1))
      assert.deepStrictEqual(names, [
        "failed, day -29",
        "failed, day -9",
        "cancelled, day -7",
        "cancelled, day -1",
        "completed, day -1",
        "failed, day -1"
      ])
      assert.deepStrictEqual((yield* days("completed_jobs")).slice(0, 2), [-1, 0])
      assert.deepStrictEqual((yield* days("failed_jobs")).slice(0, 4), [-29, -9, -1, 0])
      assert.deepStrictEqual((yield* days("dropped_jobs")).slice(0, 3), [-7, -1, 0])
      assert.deepStrictEqual((yield* days("runs")).slice(0, 3), [-29, -1, 0])
      assert.deepStrictEqual((yield* days("log_lines")).slice(0, 3), [-7, -1, 0])
    }))

  it.effect("forgets what finished on days without a partition, too", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      for (const day of [-3, -5]) yield* addFinished("completed", day, queue)
      for (const day of [-3, -35]) yield* addFinished("failed", day, queue)
      for (const day of [-4, -9]) yield* addFinished("cancelled", day, queue)
      for (const day of [-4, -35]) yield* addFinished("run", day, queue)

      yield* prune

      const names = (yield* finished(queue)).map(({ name, outcome }) => `${outcome}, ${name}`)
      assert.deepStrictEqual(names, ["cancelled, day -4", "failed, day -3"])
      assert.deepStrictEqual(yield* runs(queue), ["day -4"])
    }))

  it.effect("is kept where it is when its day comes without a partition", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* dropDay("completed_jobs", 0)
      yield* dropDay("failed_jobs", 0)
      yield* dropDay("dropped_jobs", 0)
      yield* dropDay("runs", 0)

      const lost = [
        ...(yield* runOne(queue, Settlement.Completed())).lost,
        ...(yield* runOne(queue, failed)).lost,
        ...(yield* runOne(queue, cancelled)).lost
      ]
      yield* prune

      assert.deepStrictEqual(lost, [])
      const outcomes = (yield* finished(queue)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["completed", "failed", "cancelled"])
      assert.lengthOf(yield* runs(queue), 1)
    }))

  it.effect("is pruned by eight sessions at once, beside settlements", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const before = yield* days("failed_jobs")
      yield* addFinished("failed", -40, queue)
      // Each session finds a week without partitions.
      for (const day of [1, 2, 3, 4, 5, 6, 7]) yield* dropDay("failed_jobs", day)
      const sessions = yield* Effect.all(Array.from({ length: 8 }, () => Session.open))

      const [, { lost }] = yield* Effect.all([
        Effect.forEach(sessions, ({ sql }) =>
          // A step that would wait long for a settlement gives up, and is tried again.
          Effect.retry(sql<{ has_more: boolean }>`SELECT pgq.prune_failed() AS has_more`, {
            times: 20
          }).pipe(Effect.repeat({ while: ([row]) => row!.has_more })), {
          concurrency: "unbounded"
        }),
        runOne(queue, Settlement.Completed())
      ], { concurrency: "unbounded" })

      assert.deepStrictEqual(lost, [])
      assert.lengthOf(yield* finished(queue), 1)
      assert.deepStrictEqual(yield* days("failed_jobs"), before)
    }))

  it.effect("is not cut at other hours by a session in another time zone", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      const before = yield* days("failed_jobs")

      for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
        yield* session.sql`SELECT set_config('timezone', ${zone}, false)`
        yield* session.sql`SELECT pgq.prune_completed()`
        yield* session.sql`SELECT pgq.prune_failed()`
      }

      assert.deepStrictEqual(yield* days("failed_jobs"), before)
    }))
})

layer(PgQueue.layer, options)("history that somebody reads", (it) => {
  for (
    const [parent, settlement] of [
      ["completed_jobs", Settlement.Completed()],
      ["failed_jobs", failed],
      ["dropped_jobs", cancelled]
    ] as const
  ) {
    it.effect(`holds up no settlement while ${parent} waits to be pruned`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        const before = yield* days(parent)
        const reader = yield* Session.open
        yield* addDay(parent, -40, queue)
        yield* reader.begin
        yield* reader.sql`SELECT count(*) FROM pgq.finished_jobs`
        yield* start(Layer.empty, { queues: [yield* queueName] })

        const waits: Array<number> = []
        const began = yield* millis
        while ((yield* millis) - began < 4000) {
          yield* enqueue(queue, {})
          const jobs = yield* claim({ queue, worker })
          const sent = yield* millis
          assert.deepStrictEqual(yield* settle(jobs, settlement), [])
          waits.push((yield* millis) - sent)
        }

        assert.isAtLeast(waits.length, 20)
        assert.deepStrictEqual(waits.filter((wait) => wait > 500), [])
        assert.notDeepEqual(yield* days(parent), before)
        yield* reader.rollback
        yield* eventually(Effect.map(days(parent), (now) => assert.deepStrictEqual(now, before)))
      }))
  }

  it.effect("is prepared where nobody reads it", () =>
    Effect.gen(function*() {
      const before = yield* days("failed_jobs")
      const reader = yield* Session.open
      yield* dropDay("completed_jobs", 1)
      yield* dropDay("failed_jobs", 1)
      yield* reader.begin
      yield* reader.sql`SELECT count(*) FROM pgq.completed_jobs`

      const { code } = yield* Effect.flip(prune)

      assert.strictEqual(code, "55P03")
      assert.deepStrictEqual(yield* days("failed_jobs"), before)
      yield* reader.rollback
      yield* prune
    }))
})

layer(PgQueue.layer, options)("history of days without a partition", (it) => {
  it.effect("is dropped some thousands at once", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* addFinished("completed", -3, queue)
      yield* sql`
        INSERT INTO pgq.finished_jobs
        SELECT f.* FROM pgq.finished_jobs AS f, generate_series(1, 12000) WHERE f.queue = ${queue}
      `
      const [step] = yield* sql<{ has_more: boolean }>`SELECT pgq.prune_completed() AS has_more`
      const left = yield* finished(queue)
      yield* prune

      assert.deepStrictEqual([step!.has_more, left.length], [true, 7001])
      assert.lengthOf(yield* finished(queue), 0)
    }))

  it.effect("lets settlements go on while a day is added", () =>
    Effect.gen(function*() {
      const [pruner, queue] = [yield* Session.open, yield* queueName]
      const before = yield* days("completed_jobs")
      yield* dropDay("completed_jobs", 1)
      yield* pruner.begin
      yield* pruner.sql`SELECT pgq.prune_completed()`
      const { lost } = yield* runOne(queue, Settlement.Completed())
      yield* pruner.commit

      assert.deepStrictEqual(lost, [])
      assert.deepStrictEqual(yield* days("completed_jobs"), before)
    }))

  it.effect("gets the partition of today first, and alone, as settlements wait for it", () =>
    Effect.gen(function*() {
      const pruner = yield* Session.open
      const before = yield* days("failed_jobs")
      for (const day of [0, 1, 2]) yield* dropDay("failed_jobs", day)
      const step = Effect.map(
        pruner.sql<{ has_more: boolean }>`SELECT pgq.prune_failed() AS has_more`,
        ([row]) => row!.has_more
      )

      assert.isTrue(yield* step)
      assert.deepStrictEqual(
        yield* days("failed_jobs"),
        before.filter((day) => ![1, 2].includes(day))
      )
      assert.isFalse(yield* step)
      assert.deepStrictEqual(yield* days("failed_jobs"), before)
    }))
})

/** Publishes all tables, as tools that copy whole databases do. Only a superuser may do this. */
const publish = Postgres.asAdmin((sql) => sql`CREATE PUBLICATION everything FOR ALL TABLES`)

layer(PgQueue.layer, options)("history that is published", (it) => {
  it.effect("is pruned, and everything else goes on", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* publish
      for (const day of [-3, -40]) yield* addFinished("completed", day, queue)
      yield* addFinished("cancelled", -40, queue)
      yield* addFinished("run", -40, queue)
      yield* addDay("failed_jobs", -40, queue)
      yield* sql`UPDATE pgq.settings SET keep_completed = '2 days'`
      yield* runOne(queue, failed)
      yield* runOne(queue, Settlement.Released())
      yield* runOne(queue, Settlement.Completed())
      yield* Scheduler.use((scheduler) =>
        Effect.all([scheduler.promote, scheduler.rescue, scheduler.heal, scheduler.forget])
      )
      yield* prune
      const [past] = yield* sql<{ id: bigint }>`
        SELECT id FROM pgq.finished_jobs WHERE outcome = 'failed' AND queue = ${queue}
      `
      const redriven = yield* JobControl.use((control) => control.retry([past!.id]))

      const outcomes = (yield* finished(queue)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["failed", "completed", "completed"])
      assert.deepStrictEqual(redriven, [RetryAnswer.Redriven()])
    }))
})

layer(Postgres.layer, options)("history of a schema that is published from its beginning", (it) => {
  it.effect("is pruned", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* publish
      yield* PgSchema.migrate()
      yield* addFinished("completed", -3, "test")
      yield* sql`SELECT pgq.prune_completed()`

      assert.lengthOf(yield* finished("test"), 0)
    }))
})

layer(PgQueue.layer, options)("history that is kept for ever", (it) => {
  it.effect("is kept for a thousand years, and no longer", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`
        UPDATE pgq.settings SET keep_completed = '1000 years', keep_failed = '1000 years',
          keep_dropped = '1000 years'
      `
      yield* prune
      for (const keep of ["1001 years", "7000 years", "-1 day"]) {
        yield* Effect.flip(sql`UPDATE pgq.settings SET keep_failed = ${keep}::interval`)
        yield* Effect.flip(sql`UPDATE pgq.settings SET keep_dropped = ${keep}::interval`)
      }
    }))
})

layer(PgQueue.layer, options)("history that is not kept", (it) => {
  it.effect("holds no completed job, but still the failed ones", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* sql`UPDATE pgq.settings SET keep_completed = '0'`

      const { lost } = yield* runOne(queue, Settlement.Completed())
      yield* runOne(queue, failed)

      assert.deepStrictEqual(lost, [])
      assert.deepStrictEqual((yield* finished(queue)).map(({ outcome }) => outcome), ["failed"])
      assert.lengthOf(yield* unfinished(queue), 0)
    }))

  it.effect("holds no failed job when that is asked for", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* sql`UPDATE pgq.settings SET keep_failed = '0'`

      yield* runOne(queue, failed)
      yield* runOne(queue, cancelled)

      const outcomes = (yield* finished(queue)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(outcomes, ["cancelled"])
      assert.deepStrictEqual(yield* runs(queue), [])
      assert.lengthOf(yield* unfinished(queue), 0)
    }))

  it.effect("holds no cancelled job when that is asked for", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      yield* sql`UPDATE pgq.settings SET keep_failed = '30 days', keep_dropped = '0'`

      yield* runOne(queue, cancelled)
      yield* runOne(queue, failed)

      assert.deepStrictEqual((yield* finished(queue)).map(({ outcome }) => outcome), ["failed"])
      assert.lengthOf(yield* unfinished(queue), 0)
    }))
})

const dayIn = (name: string): number => Number(name.split(" day ")[1])
