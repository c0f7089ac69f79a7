/**
 * A person changes jobs in a transaction that stays open. No step waits for this transaction. Jobs
 * that were passed by meanwhile are found when the transaction ends.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const setup = Effect.gen(function*() {
  const [a, b, person] = [yield* Session.open, yield* Session.open, yield* Session.open]
  yield* a.sql`SET lock_timeout = '1s'`
  yield* b.sql`SET lock_timeout = '1s'`
  const queue = crypto.randomUUID()
  return { a, b, person, queue, key: "k", worker: yield* a.worker(queue) }
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("held rows", (it) => {
  it.effect("a claim passes by a lane whose first job somebody is changing", () =>
    Effect.gen(function*() {
      const { a, b, key, person, queue, worker } = yield* setup
      const first = yield* a.insert({ queue, key })
      const alone = yield* a.insert({ queue })
      const elsewhere = yield* a.insert({ queue, key: "another" })
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET payload = '{"n": 1}' WHERE id = ${first}`
      const beside = yield* b.claim({ queue, worker })
      yield* person.commit
      const after = yield* b.claim({ queue, worker })

      assert.deepStrictEqual([beside.ids, after.ids], [[alone, elsewhere], [first]])
    }))

  it.effect("a settlement passes by the next of its lane, and the lane is not forgotten", () =>
    Effect.gen(function*() {
      const { a, b, key, person, queue, worker } = yield* setup
      const [first, second] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const held = yield* a.claim({ queue, worker })
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET priority = 1 WHERE id = ${second}`
      const refused = yield* a.complete(held.lease, [first])
      const beside = yield* b.claim({ queue, worker })
      yield* person.rollback
      const after = yield* b.claim({ queue, worker })

      assert.deepStrictEqual([held.ids, refused], [[first], []])
      assert.deepStrictEqual([beside.ids, after.ids], [[], [second]])
    }))

  it.effect("what somebody holds of a lease is told, and its lane's jobs with it", () =>
    Effect.gen(function*() {
      const { a, key, person, queue, worker } = yield* setup
      const [first, second] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const [alone, mine] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      const { ids, lease } = yield* a.claim({ queue, worker, perLaneMax: 1 })
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET priority = 1 WHERE id IN (${second}, ${alone})`
      const locked = yield* a.locked([lease], ids)
      yield* person.rollback
      const free = yield* a.locked([lease], ids)

      assert.deepStrictEqual(ids, [first, second, alone, mine])
      assert.deepStrictEqual([locked, free], [[first, second, alone], []])
    }))

  it.effect("what stands in a lease that somebody holds is told", () =>
    Effect.gen(function*() {
      const { a, person, queue, worker } = yield* setup
      const [one, two] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      const [first, second] = [
        yield* a.claim({ queue, worker, limit: 1 }),
        yield* a.claim({ queue, worker, limit: 1 })
      ]
      yield* person.begin
      yield* person.sql`SELECT FROM pgq.leases WHERE id = ${first.lease}::uuid FOR UPDATE`
      const locked = yield* a.locked([first.lease, second.lease], [one, two])
      yield* person.rollback

      assert.deepStrictEqual(locked, [one])
    }))

  it.effect("a rescue passes by a lease of which somebody changes a job", () =>
    Effect.gen(function*() {
      const { a, b, person, queue, worker } = yield* setup
      const other = yield* a.worker(queue)
      const [one, two] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      const [lease, second] = [
        yield* a.claim({ queue, worker, limit: 1 }),
        yield* a.claim({ queue, worker: other, limit: 1 })
      ]
      yield* a.sql`
        UPDATE pgq.workers SET lease_until = '-infinity', lease = '-1 year'
        WHERE id IN (${worker}, ${other})
      `
      const another = yield* b.worker(queue)
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET payload = '{"n": 1}' WHERE id = ${one}`
      yield* a.sql`SELECT pgq.note_late(), pgq.rescue()`
      const beside = yield* b.claim({ queue, worker: another })
      yield* person.commit
      yield* a.sql`SELECT pgq.note_late(), pgq.rescue()`
      const after = yield* b.claim({ queue, worker: another })

      assert.deepStrictEqual([lease.ids, second.ids], [[one], [two]])
      assert.deepStrictEqual([beside.ids, after.ids], [[two], [one]])
    }))

  it.effect("nobody is kept from signing off", () =>
    Effect.gen(function*() {
      const { a, b, person, queue, worker } = yield* setup
      const job = yield* a.insert({ queue })
      yield* a.claim({ queue, worker })
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET payload = '{"n": 1}' WHERE id = ${job}`
      yield* a.sql`SELECT pgq.leave(${worker}::uuid, false)`
      yield* person.commit
      const after = yield* b.claim({ queue, worker: yield* b.worker(queue) })

      assert.deepStrictEqual(after.ids, [job])
    }))
})
