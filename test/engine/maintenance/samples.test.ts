/**
 * Samples: one look a minute at the queues that have jobs, however many jobs there are.
 *
 * Tests `sql/0023_figures.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { options } from "../Live.ts"

const twoSessions = Effect.gen(function*() {
  const [a, b] = [yield* Session.open, yield* Session.open]
  yield* b.sql`SET lock_timeout = '2s'`
  // Each test has a database without jobs, and a minute without samples.
  yield* a.sql`TRUNCATE pgq.leases`
  yield* a.sql`TRUNCATE pgq.jobs, pgq.samples, pgq.set_aside, pgq.workers`
  return { a, b, queue: yield* queueName }
})

const sample = ({ sql }: Session.Session, countedMax = 10_000) =>
  Effect.map(sql<{ n: number }>`SELECT pgq.sample(${countedMax}) AS n`, ([row]) => row!.n)

const isDue = ({ sql }: Session.Session) =>
  Effect.map(sql<{ is: boolean }>`SELECT pgq.figures_due() AS is`, ([row]) => row!.is)

const samplesOf = ({ sql }: Session.Session, queue: string) =>
  sql`
    SELECT ready, waiting, running, scheduled, blocked, latency::integer FROM pgq.samples
    WHERE queue = ${queue} ORDER BY at
  `

const aMinuteLater = ({ sql }: Session.Session) =>
  sql`UPDATE pgq.samples SET at = at - interval '1 minute'`

const nothing = { ready: 0, waiting: 0, running: 0, scheduled: 0, blocked: 0, latency: 0 }

layer(PgQueue.database, options)("a sample", (it) => {
  it.effect("counts each kind of job, and the wait of the oldest one of any priority", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* twoSessions
      const worker = yield* a.worker(queue)
      yield* a.insert({ queue, priority: 9 })
      yield* a.insert({ queue, priority: 9, key: "k" })
      yield* a.claim({ queue, worker })
      for (const priority of [5, 5, 0, -3]) yield* a.insert({ queue, priority })
      yield* a.insert({ queue, key: "k" })
      yield* a.sql`
        INSERT INTO pgq.jobs (queue, name, run_at, serialization_key) VALUES
          (${queue}, 'test', now() + interval '1 hour', NULL),
          (${queue}, 'test', now() + interval '1 hour', 'holds'),
          (${queue}, 'test', 'infinity', 'holds for good')
      `
      yield* a.asStep("UPDATE pgq.jobs SET state = 'retry' WHERE serialization_key LIKE 'holds%'")
      yield* a.sql`
        UPDATE pgq.jobs SET created_at = now() - interval '90 seconds' WHERE priority IN (9, -3)
      `

      const looks = yield* sample(a)

      assert.strictEqual(looks, 1)
      assert.deepStrictEqual(yield* samplesOf(a, queue), [
        { ready: 4, waiting: 1, running: 2, scheduled: 2, blocked: 1, latency: 90 }
      ])
    }))

  it.effect("counts no further than its bound, and not the jobs that are set aside", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* twoSessions
      const worker = yield* a.worker(queue)
      yield* a.sql`
        WITH aside AS (
          INSERT INTO pgq.jobs (queue, name, run_at, serialization_key)
          VALUES (${queue}, 'test', 'infinity', 'aside') RETURNING id, queue, name
        )
        INSERT INTO pgq.set_aside SELECT id, queue, name FROM aside
      `
      yield* a.asStep("UPDATE pgq.jobs SET state = 'retry' WHERE serialization_key = 'aside'")
      yield* a.sql`
        INSERT INTO pgq.jobs (queue, name, run_at, serialization_key)
        SELECT ${queue}, 'test', CASE WHEN n % 2 = 0 THEN now() + interval '1 hour' END,
               CASE WHEN n > 40 THEN 'k' END
        FROM generate_series(1, 80) AS n
      `
      yield* a.claim({ queue, worker, limit: 3 })

      yield* sample(a, 10)

      assert.deepStrictEqual(yield* samplesOf(a, queue), [
        { ready: 10, waiting: 10, running: 3, scheduled: 10, blocked: 0, latency: 0 }
      ])
    }))

  it.effect("of a minute is taken once, and no process waits for another", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* twoSessions
      yield* a.insert({ queue })
      const before = yield* isDue(a)

      yield* a.begin
      const first = yield* sample(a)
      const meanwhile = yield* sample(b)
      yield* a.commit
      const last = yield* sample(b)

      assert.deepStrictEqual([before, first, meanwhile, last], [true, 1, 0, 0])
      assert.isFalse(yield* isDue(b))
      assert.lengthOf(yield* samplesOf(a, queue), 1)
    }))

  it.effect("of a queue that has become empty says so once, and then there is none", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* twoSessions
      assert.isFalse(yield* isDue(a))
      yield* a.insert({ queue })
      yield* sample(a)
      yield* a.sql`DELETE FROM pgq.jobs`
      yield* aMinuteLater(a)
      assert.isTrue(yield* isDue(a))
      yield* sample(a)
      yield* aMinuteLater(a)

      assert.isFalse(yield* isDue(a))
      assert.strictEqual(yield* sample(a), 0)
      assert.deepStrictEqual(yield* samplesOf(a, queue), [{ ...nothing, ready: 1 }, nothing])
    }))
})
