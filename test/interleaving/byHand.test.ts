/**
 * Jobs are changed and deleted by hand beside claims and runs. No such statement lets two jobs of a
 * key run at once, and no harmless statement is refused.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { SqlError } from "effect/sql"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const setup = Effect.gen(function*() {
  const [a, b, c] = [yield* Session.open, yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  return { a, b, c, queue, key: "k", worker: yield* a.worker(queue), other: yield* b.worker(queue) }
})

/** The error with which the database refuses a statement. */
const refusal = <A>(statement: Effect.Effect<A, SqlError.SqlError>) =>
  Effect.map(Effect.flip(statement), ({ reason }) => String(reason.cause))

const isHeld = /has a key and is leased to a worker/

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("by hand", (it) => {
  it.effect("a job of a run cannot be deleted, moved or made later", () =>
    Effect.gen(function*() {
      const { a, b, c, key, other, queue, worker } = yield* setup
      const [first, second] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const third = yield* a.insert({ queue, key })
      const run = yield* a.claim({ queue, worker, limit: 1, perLaneMax: 1 })

      const deleted = yield* refusal(c.sql`DELETE FROM pgq.jobs WHERE id = ${second}`)
      const delayed = yield* refusal(c.sql`
        UPDATE pgq.jobs SET state = 'scheduled', run_at = now() + interval '1 hour'
        WHERE id = ${second}
      `)
      const moved = yield* refusal(
        c.sql`UPDATE pgq.jobs SET serialization_key = 'elsewhere' WHERE id = ${second}`
      )
      yield* a.complete(run.lease, [first])
      const beside = yield* b.claim({ queue, worker: other })
      yield* a.complete(run.lease, [second])
      const after = yield* b.claim({ queue, worker: other })

      assert.deepStrictEqual(run.ids, [first, second])
      for (const said of [deleted, delayed, moved]) assert.match(said, isHeld)
      assert.deepStrictEqual([beside.ids, after.ids], [[], [third]])
    }))

  it.effect("a delete that waited for a claim is refused", () =>
    Effect.gen(function*() {
      const { a, b, c, key, other, queue, worker } = yield* setup
      const [first, second] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      yield* a.insert({ queue, key })
      yield* a.begin
      const run = yield* a.claim({ queue, worker, limit: 1, perLaneMax: 1 })
      const deleting = yield* Effect.forkChild(
        refusal(c.sql`DELETE FROM pgq.jobs WHERE id IN (${first}, ${second})`)
      )
      yield* Session.someoneWaits
      yield* a.commit
      const said = yield* Fiber.join(deleting)
      const beside = yield* b.claim({ queue, worker: other })

      assert.deepStrictEqual(run.ids, [first, second])
      assert.match(said, isHeld)
      assert.deepStrictEqual(beside.ids, [])
    }))

  it.effect("a claim takes no run along that somebody is changing", () =>
    Effect.gen(function*() {
      const { a, b, c, key, other, queue, worker } = yield* setup
      const [first, second] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const third = yield* a.insert({ queue, key })
      yield* c.begin
      yield* c.sql`DELETE FROM pgq.jobs WHERE id = ${second}`
      const run = yield* a.claim({ queue, worker, limit: 1, perLaneMax: 2 })
      yield* c.commit
      yield* a.complete(run.lease, [first])
      const after = yield* b.claim({ queue, worker: other, perLaneMax: 2 })

      assert.deepStrictEqual([run.ids, after.ids], [[first], [third]])
    }))

  for (const isolation of ["REPEATABLE READ", "SERIALIZABLE"] as const) {
    it.effect(`a lane cannot be changed with the old snapshot of ${isolation}`, () =>
      Effect.gen(function*() {
        const { a, c, key, queue, worker } = yield* setup
        const job = yield* a.insert({ queue, key })
        yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`
        yield* c.beginAt(isolation)
        yield* c.sql`SELECT FROM pgq.jobs`
        yield* a.claim({ queue, worker })
        const said = yield* refusal(c.sql`DELETE FROM pgq.jobs WHERE id = ${job}`)
        yield* c.rollback

        assert.match(said, /READ COMMITTED/)
      }))
  }

  it.effect("a held job's priority and a held job without a key are free to change", () =>
    Effect.gen(function*() {
      const { a, c, key, queue, worker } = yield* setup
      const keyed = yield* a.insert({ queue, key })
      const free = yield* a.insert({ queue })
      const held = yield* a.claim({ queue, worker })
      yield* c.sql`UPDATE pgq.jobs SET priority = 100 WHERE id = ${keyed}`
      yield* c.sql`DELETE FROM pgq.jobs WHERE id = ${free}`
      const refused = yield* a.complete(held.lease, [keyed, free])

      // The deleted job is no longer in the lease, so its settlement is refused.
      assert.deepStrictEqual([held.ids, refused], [[keyed, free], [free]])
    }))
})
