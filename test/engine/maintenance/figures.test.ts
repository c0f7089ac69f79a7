/**
 * Pulses are added up once, to minutes and to hours, whoever does it and however late they come.
 *
 * Tests `sql/0023_figures.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgScheduler from "../../../src/layers/postgres/PgScheduler.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { queueName } from "../../Given.ts"
import * as SeenFigures from "../../observe/SeenFigures.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { finishedAll, options, producer, start } from "../Live.ts"

const Good = Job.make("good")
const Bad = Job.make("bad", { maxAttempts: 1 })

/** Pulses of one run each, that was completed, as many minutes ago. */
const pulse = (queue: string, { ago = 2, count = 1 } = {}) => `
  INSERT INTO pgq.pulses (at, worker_id, queue, name, counts, wait, run)
  SELECT date_trunc('minute', now()) - interval '1 minute' * ${ago} + interval '1 ms' * n,
         gen_random_uuid(), '${queue}', 'test', '{1,0,0,0,0,0,0,0,0}',
         ('{1' || repeat(',0', 17) || '}')::integer[], ('{0,1' || repeat(',0', 16) || '}')::integer[]
  FROM generate_series(1, ${count}) AS n`

const minutesOf = (queue: string, table = "minutes") =>
  PgClient.PgClient.use((sql) =>
    sql<{ completed: number; waited: number; ran: number }>`
      SELECT counts[1] AS completed, wait[1] AS waited, run[2] AS ran
      FROM ${sql(`pgq.${table}`)} WHERE queue = ${queue} ORDER BY at
    `
  )

const rollUp = Scheduler.use((scheduler) => scheduler.rollUp)

const twoSessions = Effect.gen(function*() {
  return { queue: yield* queueName, a: yield* Session.open, b: yield* Session.open }
})

const added = ({ sql }: Session.Session, pulsesMax = 10_000) =>
  Effect.map(
    sql<{ n: number }>`SELECT pgq.roll_up(${pulsesMax}) AS n`,
    ([row]) => row!.n
  )

layer(
  Layer.provideMerge(PgScheduler.layer({ schema: PgQueue.schema }), producer),
  options
)("figures", (it) => {
  it.effect("of a minute are those of the workers that ended runs in it, one after another", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const handlers = Layer.merge(
        Good.toLayer(() => Effect.void),
        Bad.toLayer(() => Effect.fail("bad"))
      )
      const seen: Array<unknown> = []
      for (const finished of [21, 42]) {
        yield* enqueueAll(Good, Array.from({ length: 20 }, () => ({ payload: undefined, queue })))
        yield* enqueue(Bad, undefined, { queue })
        const control = yield* start(handlers, { queues: [queue] })
        yield* finishedAll(queue, finished)
        yield* control.stop("finish")
        yield* control.ended
        seen.push(SeenFigures.endsOf(control.figures))
      }
      yield* sql`UPDATE pgq.pulses SET at = at - interval '2 minutes' WHERE queue = ${queue}`

      assert.isTrue((yield* Scheduler.use(({ forget }) => forget)).hasFigures)
      yield* rollUp
      assert.isFalse((yield* Scheduler.use(({ forget }) => forget)).hasFigures)

      const ends = { good: { completed: 20 }, bad: { failed: 1 } }
      assert.deepStrictEqual(seen, [ends, ends])
      for (const table of ["minutes", "hours"]) {
        const rows = yield* sql`
          SELECT name, sum(counts[1])::integer AS completed, sum(counts[2])::integer AS failed,
                 sum((SELECT sum(n) FROM unnest(counts) AS n))::integer AS runs,
                 sum((SELECT sum(n) FROM unnest(wait) AS n))::integer AS waited,
                 sum((SELECT sum(n) FROM unnest(run) AS n))::integer AS ran
          FROM ${sql(`pgq.${table}`)} WHERE queue = ${queue} GROUP BY name ORDER BY name
        `
        assert.deepStrictEqual(rows, [
          { name: "bad", completed: 0, failed: 2, runs: 2, waited: 2, ran: 2 },
          { name: "good", completed: 40, failed: 0, runs: 40, waited: 40, ran: 40 }
        ])
      }
    }))

  it.effect("are added up once by two processes, and neither waits for the other", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* twoSessions
      yield* a.sql.unsafe(pulse(queue, { count: 3 }))

      yield* b.sql`SET lock_timeout = '2s'`
      yield* a.begin
      const first = yield* added(a)
      const meanwhile = yield* added(b)
      yield* a.commit
      const last = yield* added(b)

      assert.deepStrictEqual([first, meanwhile, last], [3, 0, 0])
      for (const table of ["minutes", "hours"]) {
        assert.deepStrictEqual(yield* minutesOf(queue, table), [
          { completed: 3, waited: 3, ran: 3 }
        ])
      }
    }))

  it.effect("that come after their minute was added up are added to it", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* twoSessions
      yield* b.sql.unsafe(pulse(queue))

      yield* a.begin
      yield* a.sql.unsafe(pulse(queue, { count: 2 }))
      yield* added(b)
      const early = yield* minutesOf(queue)
      yield* a.commit
      yield* added(b)

      assert.deepStrictEqual(early, [{ completed: 1, waited: 1, ran: 1 }])
      assert.deepStrictEqual(yield* minutesOf(queue), [{ completed: 3, waited: 3, ran: 3 }])
    }))

  it.effect("of the present minute wait until it is over", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* twoSessions
      yield* a.sql.unsafe(pulse(queue, { ago: -1 }))

      assert.isFalse((yield* Scheduler.use(({ forget }) => forget)).hasFigures)
      assert.strictEqual(yield* added(a), 0)

      assert.deepStrictEqual(yield* minutesOf(queue), [])
      yield* a.sql`DELETE FROM pgq.pulses WHERE queue = ${queue}`
    }))

  it.effect("are added up in steps of bounded size", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* twoSessions
      yield* a.sql.unsafe(pulse(queue, { count: 25 }))

      const steps = [yield* added(a, 10), yield* added(a, 10), yield* added(a, 10)]

      assert.deepStrictEqual(steps, [10, 10, 5])
      assert.deepStrictEqual(yield* minutesOf(queue), [{ completed: 25, waited: 25, ran: 25 }])
    }))

  it.effect("that are past keeping go some thousands at a time, and no others", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* twoSessions
      for (const [table, old, young] of [["minutes", 49, 47], ["hours", 2161, 2159]] as const) {
        yield* a.sql.unsafe(`
          INSERT INTO pgq.${table}
          SELECT now() - interval '1 hour' * hours, '${queue}', n, '{1}', '{1}', '{0,1}'
          FROM generate_series(1, 6000) AS n, unnest('{${old},${young}}'::integer[]) AS hours`)
      }
      const forget = Effect.map(
        a.sql<{ n: number }>`SELECT pgq.forget_figures() AS n`,
        ([row]) => row!.n
      )

      assert.deepStrictEqual([yield* forget, yield* forget, yield* forget], [5000, 1000, 0])
      for (const table of ["minutes", "hours"]) {
        assert.lengthOf(yield* minutesOf(queue, table), 6000)
      }
    }))
})
