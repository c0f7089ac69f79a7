/**
 * Producers, claims and settlements of one lane, in the orders in which a lane could be forgotten,
 * overtaken or run twice.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const setup = Effect.gen(function*() {
  const [a, b, c] = [yield* Session.open, yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  return { a, b, c, queue, key: "k", worker: yield* a.worker(queue) }
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("lanes", (it) => {
  for (const isolation of ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] as const) {
    it.effect(`go on beside a producer's open ${isolation} transaction`, () =>
      Effect.gen(function*() {
        const { a, b, c, key, queue, worker } = yield* setup

        yield* isolation === "READ COMMITTED" ? a.begin : a.beginAt(isolation)
        const early = yield* a.insert({ queue, key })
        const late = yield* b.insert({ queue, key })
        const first = yield* c.claim({ queue, worker })
        const refused = yield* c.complete(first.lease, first.ids)
        yield* a.commit
        const second = yield* c.claim({ queue, worker })

        assert.isTrue(early < late)
        assert.deepStrictEqual(first.ids, [late])
        assert.deepStrictEqual(refused, [])
        assert.deepStrictEqual(second.ids, [early])
      }))
  }

  it.effect("give the head to a more urgent job that arrives while the head waits", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const idle = yield* a.insert({ queue, key })
      yield* b.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      const urgent = yield* a.insert({ queue, key, priority: 5 })
      const first = yield* b.claim({ queue, worker })
      yield* b.complete(first.lease, first.ids)
      const second = yield* b.claim({ queue, worker })

      assert.deepStrictEqual(first.ids, [urgent])
      assert.deepStrictEqual(second.ids, [idle])
    }))

  it.effect("find a head that was overtaken while a claim held it that was rolled back", () =>
    Effect.gen(function*() {
      const { a, b, c, key, queue, worker } = yield* setup
      const head = yield* a.insert({ queue, key })
      yield* b.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`
      yield* a.begin
      const undone = yield* a.claim({ queue, worker: yield* c.worker(queue) })
      const urgent = yield* c.insert({ queue, key, priority: 5 })
      // The urgent job has marked its lane. This claim looks at the lane, and finds the head
      // locked.
      const meanwhile = yield* b.claim({ queue, worker })
      yield* a.rollback

      const later = yield* b.claim({ queue, worker })

      assert.deepStrictEqual([undone.ids, meanwhile.ids, later.ids], [[head], [], [urgent]])
    }))

  it.effect("find a head that was overtaken while it was changed by hand", () =>
    Effect.gen(function*() {
      const { a, b, c, key, queue, worker } = yield* setup
      const head = yield* a.insert({ queue, key })
      yield* b.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`
      yield* a.begin
      yield* a.sql`UPDATE pgq.jobs SET payload = '{"changed": true}' WHERE id = ${head}`
      const urgent = yield* c.insert({ queue, key, priority: 5 })
      const meanwhile = yield* b.claim({ queue, worker })
      yield* a.commit

      const later = yield* b.claim({ queue, worker })

      assert.deepStrictEqual([meanwhile.ids, later.ids], [[], [urgent]])
    }))

  it.effect("find a head that was overtaken while it was leased and came back undone", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const head = yield* a.insert({ queue, key })
      const held = yield* b.claim({ queue, worker })

      const urgent = yield* a.insert({ queue, key, priority: 5 })
      // The urgent job has marked its lane. This claim looks at the lane, and finds the head
      // leased.
      const meanwhile = yield* a.claim({ queue, worker })
      yield* b.settleOther({ lease: held.lease, id: String(head), outcome: "released" })
      const first = yield* b.claim({ queue, worker })
      yield* b.complete(first.lease, first.ids)
      const second = yield* b.claim({ queue, worker })

      assert.deepStrictEqual(held.ids, [head])
      assert.deepStrictEqual(meanwhile.ids, [])
      assert.deepStrictEqual(first.ids, [urgent])
      assert.deepStrictEqual(second.ids, [head])
    }))

  it.effect("find a job whose transaction commits while its lane's last one is being settled", () =>
    Effect.gen(function*() {
      const { a, b, c, key, queue, worker } = yield* setup
      const only = yield* a.insert({ queue, key })
      const held = yield* b.claim({ queue, worker })

      yield* b.begin
      yield* b.complete(held.lease, [only])
      // The settlement has found no job behind. The claim that takes the new job's marker waits for
      // the lane's stripe.
      const next = yield* a.insert({ queue, key })
      const claiming = yield* Effect.forkChild(c.claim({ queue, worker }))
      yield* Session.someoneWaits
      yield* b.commit
      const claimed = yield* Fiber.join(claiming)

      assert.deepStrictEqual(claimed.ids, [next])
    }))

  it.effect("go on when their head is deleted by hand", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const head = yield* a.insert({ queue, key })
      const next = yield* a.insert({ queue, key })
      yield* b.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      yield* a.sql`DELETE FROM pgq.jobs WHERE id = ${head}`
      const claimed = yield* b.claim({ queue, worker })

      assert.deepStrictEqual(claimed.ids, [next])
    }))

  it.effect("are put in order again when priorities are changed by hand", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      yield* a.insert({ queue, key })
      const last = yield* a.insert({ queue, key })
      yield* b.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      yield* a.sql`UPDATE pgq.jobs SET priority = 9 WHERE id = ${last}`
      const claimed = yield* b.claim({ queue, worker })

      assert.deepStrictEqual(claimed.ids, [last])
    }))

  it.effect("keep a run's order when its settlements arrive together", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const ids = yield* Effect.forEach([1, 2, 3, 4], () => a.insert({ queue, key }))

      const run = yield* b.claim({ queue, worker, perLaneMax: 2 })
      yield* b.complete(run.lease, run.ids.slice(0, 2))
      const meanwhile = yield* a.claim({ queue, worker })
      const refused = yield* b.complete(run.lease, run.ids.slice(2))
      const rest = yield* b.claim({ queue, worker })

      assert.deepStrictEqual(run.ids, ids.slice(0, 3))
      assert.deepStrictEqual(meanwhile.ids, [])
      assert.deepStrictEqual(refused, [])
      assert.deepStrictEqual(rest.ids, ids.slice(3))
    }))

  it.effect("let a lease's jobs go as one when its worker is reported dead", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const ids = yield* Effect.forEach([1, 2, 3], () => a.insert({ queue, key }))
      const run = yield* b.claim({ queue, worker, perLaneMax: 2 })
      const heir = yield* a.worker(queue)

      yield* a.sql`SELECT pgq.leave(${worker}::uuid, true)`
      const again = yield* a.claim({ queue, worker: heir, perLaneMax: 2 })
      const late = yield* b.complete(run.lease, run.ids)

      assert.deepStrictEqual(run.ids, ids)
      assert.deepStrictEqual(again.ids, [ids[0]])
      assert.deepStrictEqual(late, ids)
    }))
})
