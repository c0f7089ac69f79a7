/**
 * Statements by hand on many jobs: the markers that they leave, the workers that they wake, and
 * their effect on leased jobs.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const setup = Effect.gen(function*() {
  const [a, b, c] = [yield* Session.open, yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  return { a, b, c, queue, worker: yield* a.worker(queue) }
})

const lanes = ({ sql }: Session.Session, queue: string) =>
  sql`
  SELECT key, priority FROM pgq.dirty_lanes WHERE queue = ${queue} ORDER BY id
`

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("in bulk", (it) => {
  it.effect("a statement leaves one marker a lane, with its greatest priority", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      yield* a.sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key, priority)
        SELECT ${queue}, 'x', 'k' || n % 2, n FROM generate_series(1, 1000) AS n
      `
      const added = yield* lanes(a, queue)
      yield* a.sql`UPDATE pgq.jobs SET priority = 7 WHERE queue = ${queue}`
      yield* a.sql`DELETE FROM pgq.jobs WHERE queue = ${queue}`
      const all = yield* lanes(a, queue)

      assert.sameDeepMembers([...added], [
        { key: "k0", priority: 1000 },
        { key: "k1", priority: 999 }
      ])
      // The delete leaves no marker, because no deleted job was a head.
      assert.lengthOf(all, 4)
    }))

  it.effect("jobs without a key that are given one take turns", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const jobs = [
        yield* a.insert({ queue }),
        yield* a.insert({ queue }),
        yield* a.insert({ queue })
      ]
      yield* a.sql`UPDATE pgq.jobs SET serialization_key = 'z' WHERE queue = ${queue}`
      for (const job of jobs) {
        const { ids, lease } = yield* a.claim({ queue, worker })
        assert.deepStrictEqual(ids, [job])
        yield* a.complete(lease, ids)
      }
    }))

  it.effect("a queue is moved into another one whose lanes have heads", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const target = crypto.randomUUID()
      const here = [yield* a.insert({ queue, key: "k" }), yield* a.insert({ queue, key: "k" })]
      const there = [yield* a.insert({ queue: target, key: "k" })]
      yield* a.claim({ queue: target, worker })
      const held = yield* a.claim({ queue, worker })
      yield* a.settleOther({ lease: held.lease, id: String(here[0]), outcome: "released" })

      yield* a.sql`UPDATE pgq.jobs SET queue = ${target} WHERE queue = ${queue}`

      const beside = yield* a.claim({ queue: target, worker })
      const [lease] = yield* a.sql<{ id: string }>`
        SELECT id::text FROM pgq.leases WHERE queue = ${target}
      `
      yield* a.complete(lease!.id, there)
      const after = yield* a.claim({ queue: target, worker })
      assert.deepStrictEqual([beside.ids, after.ids], [[], here.slice(0, 1)])
    }))

  it.effect("a job that is moved, put forward or freed wakes who must look", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const target = crypto.randomUUID()
      const sleeper = yield* b.worker(target)
      const sql = yield* PgClient.PgClient
      const wakes = yield* sql.listen("pgq:wake")
      const next = Effect.map(Queue.take(wakes), ({ payload }) => payload)
      yield* a.claim({ queue, worker })
      yield* b.claim({ queue: target, worker: sleeper })
      yield* a.sql`
        INSERT INTO pgq.jobs (queue, name, run_at) VALUES (${queue}, 'x', now() + interval '1 hour')
      `

      yield* a.sql`UPDATE pgq.jobs SET run_at = now() + interval '2 seconds' WHERE queue = ${queue}`
      const forward = [yield* next, yield* next]
      yield* a.sql`UPDATE pgq.jobs SET queue = ${target}, run_at = NULL WHERE queue = ${queue}`
      const moved = [yield* next, yield* next]

      assert.sameMembers(forward, [`jobs:${queue}`, "due"])
      assert.sameMembers(moved, [`jobs:${queue}`, `jobs:${target}`])
    }))

  it.effect("a number that is given again belongs to nobody's lease", () =>
    Effect.gen(function*() {
      const { a, b, c, queue, worker } = yield* setup
      const [job, beside] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      const old = yield* a.claim({ queue, worker })
      yield* c.sql`DELETE FROM pgq.jobs WHERE id = ${job}`
      yield* c.sql`
        INSERT INTO pgq.jobs (id, queue, name) OVERRIDING SYSTEM VALUE VALUES (${job}, ${queue}, 'new')
      `
      const again = yield* b.claim({ queue, worker: yield* b.worker(queue) })
      const lost = yield* a.complete(old.lease, [job, beside])
      const left = yield* a.sql`SELECT name FROM pgq.jobs WHERE queue = ${queue}`
      yield* b.complete(again.lease, [job])
      const names = yield* a.sql`SELECT name FROM pgq.finished_jobs WHERE id = ${job}`

      assert.deepStrictEqual([old.ids, again.ids, lost], [[job, beside], [job], [job]])
      assert.deepStrictEqual([left, names], [[{ name: "new" }], [{ name: "new" }]])
    }))

  it.effect("who deletes a running job and takes it back has changed nothing", () =>
    Effect.gen(function*() {
      const { a, c, queue, worker } = yield* setup
      const job = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* c.begin
      yield* c.sql`DELETE FROM pgq.jobs WHERE id = ${job}`
      // The open delete has not locked the lease.
      yield* a.sql`SELECT FROM pgq.leases WHERE id = ${lease}::uuid FOR UPDATE NOWAIT`
      yield* c.rollback
      assert.deepStrictEqual(yield* a.complete(lease, [job]), [])
    }))

  it.effect("a table that is emptied with its numbers gives none of them to a run of before", () =>
    Effect.gen(function*() {
      const { a, c, queue, worker } = yield* setup
      yield* c.sql`DELETE FROM pgq.leases`
      const keyed = yield* a.insert({ queue, key: "k" })
      const job = yield* a.insert({ queue })
      const old = yield* a.claim({ queue, worker })
      const refused = yield* Effect.flip(c.sql`TRUNCATE pgq.jobs`)
      yield* a.complete(old.lease, [keyed])
      // Another transaction locks the leases for a moment.
      yield* a.begin
      yield* a.sql`SELECT FROM pgq.leases FOR UPDATE`
      const emptying = yield* Effect.forkChild(c.sql`TRUNCATE pgq.jobs RESTART IDENTITY`)
      yield* truncating(a)
      yield* a.commit
      yield* Fiber.join(emptying)
      yield* c.sql`SELECT setval('pgq.jobs_id_seq', ${job}, false)`
      assert.strictEqual(yield* a.insert({ queue }), job)

      assert.match(String(refused.reason.cause), /has a key and is leased to a worker/)
      assert.deepStrictEqual(yield* a.complete(old.lease, [job]), [job])
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [job])
    }))
})

/** Waits until a transaction has locked the table of jobs exclusively. */
const truncating = ({ sql }: Session.Session) =>
  sql<{ n: number }>`
    SELECT count(*)::integer AS n FROM pg_locks
    WHERE relation = 'pgq.jobs'::regclass AND mode = 'AccessExclusiveLock' AND granted
  `.pipe(
    Effect.filterOrFail(([row]) => row!.n === 1),
    Effect.eventually,
    Effect.timeout("10 seconds")
  )
