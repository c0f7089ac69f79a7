/**
 * Which workers get a wake-up for new jobs, and which must find new jobs without one.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const notifications = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const queue = yield* sql.listen("pgq:wake")
  return { next: Effect.map(Queue.take(queue), ({ payload }) => payload) }
})

const unannounced = (session: Session.Session, queue: string) =>
  Effect.map(
    session.sql<{ found: boolean }>`SELECT pgq.has_unannounced(ARRAY[${queue}]) AS found`,
    ([row]) => row!.found
  )

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("wakes", (it) => {
  it.effect("tell a sleeping worker of a job at its commit", () =>
    Effect.gen(function*() {
      const a = yield* Session.open
      const queue = crypto.randomUUID()
      const { next } = yield* notifications
      const worker = yield* a.worker(queue)
      yield* a.claim({ queue, worker })

      yield* a.insert({ queue })

      assert.strictEqual(yield* next, `jobs:${queue}`)
    }))

  it.effect("tell nobody while every worker is busy, but leave a trace of open transactions", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* Session.open, yield* Session.open]
      const queue = crypto.randomUUID()
      const { next } = yield* notifications
      yield* a.worker(queue)

      yield* a.begin
      yield* a.insert({ queue })
      const during = yield* unannounced(b, queue)
      // Queues share 256 locks: this one has another.
      const [other] = yield* b.sql<{ queue: string }>`
        SELECT 'queue ' || n AS queue FROM generate_series(1, 9) AS n
        WHERE hashtext('queue ' || n) & 255 <> hashtext(${queue}) & 255 LIMIT 1
      `
      const elsewhere = yield* unannounced(b, other!.queue)
      yield* a.commit
      const after = yield* unannounced(b, queue)
      yield* b.sql`SELECT pg_notify('pgq:wake', 'the end')`

      assert.isTrue(during)
      assert.isFalse(elsewhere)
      assert.isFalse(after)
      assert.strictEqual(yield* next, "the end")
    }))

  it.effect("take the trace before the look, so that a worker between the two is not missed", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* Session.open, yield* Session.open]
      const queue = crypto.randomUUID()
      const { next } = yield* notifications
      const worker = yield* a.worker(queue)

      // The producer has taken its lock, and waits to read which workers are asleep.
      yield* b.begin
      yield* b.sql`LOCK TABLE pgq.workers IN ACCESS EXCLUSIVE MODE`
      const producing = yield* Effect.forkChild(a.insert({ queue }))
      yield* Session.someoneWaits
      const traced = yield* unannounced(b, queue)
      yield* b.sql`UPDATE pgq.workers SET asleep = true WHERE id = ${worker}::uuid`
      yield* b.commit
      yield* Fiber.join(producing)

      assert.isTrue(traced)
      assert.strictEqual(yield* next, `jobs:${queue}`)
    }))

  for (const isolation of ["REPEATABLE READ", "SERIALIZABLE"] as const) {
    it.effect(`tell in any case from a ${isolation} transaction, which cannot look`, () =>
      Effect.gen(function*() {
        const a = yield* Session.open
        const queue = crypto.randomUUID()
        const { next } = yield* notifications

        yield* a.beginAt(isolation)
        yield* a.insert({ queue })
        yield* a.commit

        assert.strictEqual(yield* next, `jobs:${queue}`)
      }))
  }

  it.effect("tell who passed by the jobs of a dead worker which a claim has left", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* Session.open, yield* Session.open]
      const queue = crypto.randomUUID()
      const { next } = yield* notifications
      const [worker, sleeper] = [yield* a.worker(queue), yield* b.worker(queue)]
      const jobs = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      // After two deaths, each of the two suspects must run where no other suspect is.
      for (const _ of [1, 2]) {
        const dead = yield* a.worker(queue)
        yield* a.claim({ queue, worker: dead })
        yield* a.sql`SELECT pgq.leave(${dead}::uuid, true)`
      }

      yield* a.begin
      const taken = yield* a.claim({ queue, worker })
      const passedBy = yield* b.claim({ queue, worker: sleeper })
      const traced = yield* unannounced(b, queue)
      yield* a.rollback
      // The sleeper is asleep now, so this claim wakes it.
      yield* a.claim({ queue, worker })

      assert.deepStrictEqual([taken.ids, passedBy.ids], [jobs.slice(0, 1), []])
      assert.isTrue(traced)
      assert.strictEqual(yield* next, `jobs:${queue}`)
    }))

  it.effect("go on for a worker that finds jobs now and then, and end for one that is busy", () =>
    Effect.gen(function*() {
      const a = yield* Session.open
      const queue = crypto.randomUUID()
      const worker = yield* a.worker(queue)
      const isAsleepAfter = Effect.fnUntraced(function*(isBusy: boolean) {
        yield* a.insert({ queue })
        yield* a.sql`
          SELECT FROM pgq.claim(
            ARRAY[${queue}], ${worker}::uuid, 1, 1, 0, false, NULL, is_busy => ${isBusy}
          )
        `
        const [row] = yield* a.sql<{ asleep: boolean }>`
          SELECT asleep FROM pgq.workers WHERE id = ${worker}::uuid
        `
        return row!.asleep
      })
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [])

      assert.deepStrictEqual([yield* isAsleepAfter(false), yield* isAsleepAfter(true)], [
        true,
        false
      ])
    }))

  it.effect("do not come of suspects that a worker may not run beside another", () =>
    Effect.gen(function*() {
      const a = yield* Session.open
      const queue = crypto.randomUUID()
      const { next } = yield* notifications
      const worker = yield* a.worker(queue)
      const twice = yield* a.insert({ queue })
      for (const deaths of [1, 2]) {
        const dead = yield* a.worker(queue)
        if (deaths === 2) yield* a.insert({ queue, priority: 1 })
        yield* a.claim({ queue, worker: dead })
        yield* a.sql`SELECT pgq.leave(${dead}::uuid, true)`
      }
      const once = yield* a.claim({ queue, worker, limit: 1 })

      const claims = yield* Effect.forEach([1, 2, 3], () => a.claim({ queue, worker }))
      yield* a.sql`SELECT pg_notify('pgq:wake', 'the end')`

      assert.isFalse(once.ids.includes(twice))
      assert.deepStrictEqual(claims.flatMap(({ ids }) => ids), [])
      assert.strictEqual(yield* next, "the end")
    }))

  it.effect("tell of a job that is due soon, and not of one that is due late", () =>
    Effect.gen(function*() {
      const a = yield* Session.open
      const queue = crypto.randomUUID()
      const { next } = yield* notifications

      yield* a
        .sql`SELECT pgq.enqueue('late', run_at => now() + interval '1 hour', queue => ${queue})`
      yield* a
        .sql`SELECT pgq.enqueue('soon', run_at => now() + interval '1 second', queue => ${queue})`

      assert.strictEqual(yield* next, "due")
    }))
})
