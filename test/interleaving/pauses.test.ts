/**
 * Pauses of queues and names, beside the steps that claim, settle, cancel and retry jobs at the
 * same time.
 *
 * Tests `sql/0017_pauses.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { retry } from "./ByOperators.ts"
import { cancel, outcomes } from "./Cancelling.ts"
import { add, aside, pause, promote, resume, setup, states, unpause } from "./Pausing.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("a pause", (it) => {
  it.effect("keeps a queue's jobs from claims, until the resume", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const ids = yield* add(a, { queue, name: "mail", count: 2 })

      assert.deepStrictEqual(yield* pause(a, queue), "paused")
      assert.deepStrictEqual(yield* pause(a, queue), "already paused")
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [])
      assert.deepStrictEqual(yield* states(a, queue), ["paused", "paused"])
      assert.deepStrictEqual(yield* resume(a, queue), "resumed")
      assert.deepStrictEqual(yield* resume(a, queue), "not paused")

      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, ids)
    }))

  it.effect("of all queues keeps the jobs of each of them", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      yield* a.begin
      const ids = yield* add(a, { queue, name: "mail" })

      yield* pause(a, "*")
      const paused = yield* a.claim({ queue, worker })
      yield* resume(a, "*")
      const resumed = yield* a.claim({ queue, worker })
      yield* a.commit

      assert.deepStrictEqual([paused.ids, resumed.ids], [[], ids])
    }))

  it.effect("of a name sets its jobs aside, however many, and the others start", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const paused = yield* add(a, { queue, name: "mail", count: 1500 })
      const others = yield* add(a, { queue, name: "other", count: 3 })
      yield* pause(a, queue, "mail")

      const first = yield* a.claim({ queue, worker, limit: 100 })
      const set = yield* aside(a, queue)
      const second = yield* a.claim({ queue, worker, limit: 100 })

      assert.deepStrictEqual([first.ids, set], [[], 1000])
      assert.deepStrictEqual(second.ids, others)
      assert.deepStrictEqual((yield* states(a, queue))[1499], "paused")

      yield* resume(a, queue, "mail")
      const freed = [yield* unpause(a), yield* unpause(a), yield* unpause(a)]
      assert.deepStrictEqual(freed.map(({ unpaused }) => unpaused), [1000, 500, 0])
      yield* promote(a)
      yield* promote(a)
      const back = yield* a.claim({ queue, worker, limit: 2000 })
      assert.deepStrictEqual(back.ids, paused)
    }))

  it.effect("of a name lets a lane wait in order, and a lane run ends before it", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const [one] = yield* add(a, { queue, name: "other", key: "k" })
      const [two] = yield* add(a, { queue, name: "mail", key: "k" })
      const [three] = yield* add(a, { queue, name: "other", key: "k" })
      yield* pause(a, queue, "mail")

      const run = yield* a.claim({ queue, worker, perLaneMax: 10 })
      assert.deepStrictEqual(run.ids, [one!])
      yield* a.complete(run.lease, run.ids)
      assert.deepStrictEqual((yield* a.claim({ queue, worker, perLaneMax: 10 })).ids, [])
      const [four] = yield* add(a, { queue, name: "other", key: "k" })
      assert.deepStrictEqual((yield* a.claim({ queue, worker, perLaneMax: 10 })).ids, [])
      assert.deepStrictEqual(yield* states(a, queue), ["paused", "waiting", "waiting"])

      yield* resume(a, queue, "mail")
      yield* unpause(a)
      yield* promote(a)
      const rest = yield* a.claim({ queue, worker, perLaneMax: 10 })
      assert.deepStrictEqual(rest.ids, [two!, three!, four!])
    }))

  it.effect("ends by itself at its time, by the clock of the database", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const ids = yield* add(a, { queue, name: "mail" })
      yield* a.sql`SELECT pgq.pause(${queue}, until => clock_timestamp() + interval '1 hour')`
      const { next_in } = yield* unpause(a)
      assert.isAbove(next_in!, 3590)

      yield* a.sql`UPDATE pgq.pauses SET until = clock_timestamp() WHERE queue = ${queue}`

      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, ids)
      assert.deepStrictEqual(yield* pause(a, queue), "paused")
      assert.deepStrictEqual(
        yield* a.sql`
        SELECT until FROM pgq.pauses WHERE queue = ${queue}
      `,
        [{ until: null }]
      )
      yield* resume(a, queue)
    }))

  it.effect("that commits during a claim comes too late for that claim alone", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const ids = yield* add(a, { queue, name: "mail", count: 2 })

      yield* a.begin
      const before = yield* a.claim({ queue, worker, limit: 1 })
      yield* pause(b, queue)
      yield* a.commit
      const after = yield* b.claim({ queue, worker, limit: 1 })

      assert.deepStrictEqual([before.ids, after.ids], [ids.slice(0, 1), []])
      yield* a.settleOther({ lease: before.lease, id: String(ids[0]), outcome: "released" })
      assert.deepStrictEqual((yield* b.claim({ queue, worker })).ids, [])
    }))

  it.effect("is seen by a claim that waited for another claim", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      yield* add(a, { queue, name: "mail", count: 2 })

      yield* a.begin
      yield* a.claim({ queue, worker, limit: 1, isExclusive: true })
      const waiting = yield* Effect.forkChild(b.claim({ queue, worker }))
      yield* Session.someoneWaits
      yield* pause(a, queue)
      yield* a.commit

      assert.deepStrictEqual((yield* Fiber.join(waiting)).ids, [])
    }))

  it.effect("leaves jobs set aside that can be cancelled, and retried after the resume", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const [one, two, three] = yield* add(a, { queue, name: "mail", count: 3 })
      yield* pause(a, queue, "mail")

      yield* a.begin
      yield* a.claim({ queue, worker })
      const cancelling = yield* Effect.forkChild(cancel(b, [one!]))
      yield* Session.someoneWaits
      yield* a.commit
      assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
      assert.deepStrictEqual(yield* aside(a, queue), 2)

      assert.deepStrictEqual(yield* retry(a, [two!]), ["paused"])
      yield* resume(a, queue, "mail")
      assert.deepStrictEqual(yield* retry(a, [two!]), ["retried"])
      assert.deepStrictEqual(yield* aside(a, queue), 1)
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [two!])
      yield* a.sql`DELETE FROM pgq.jobs WHERE id = ${three!}`
      assert.deepStrictEqual(yield* aside(a, queue), 0)
    }))

  it.effect("passes by a job that another transaction has locked, and takes it back later", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const ids = yield* add(a, { queue, name: "mail", count: 2 })
      yield* pause(a, queue, "mail")
      yield* a.claim({ queue, worker })
      yield* resume(a, queue, "mail")

      yield* b.begin
      yield* b.sql`UPDATE pgq.jobs SET priority = 1 WHERE id = ${ids[0]!}`
      const during = yield* unpause(a)
      yield* b.rollback
      const after = yield* unpause(a)

      assert.deepStrictEqual([during.unpaused, after.unpaused], [1, 1])
      assert.deepStrictEqual(yield* aside(a, queue), 0)
    }))

  it.effect("of a job that blocks its lane later is not mixed up with the block", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const [id] = yield* add(a, { queue, name: "mail", key: "k" })
      yield* pause(a, queue, "mail")
      yield* a.claim({ queue, worker })
      yield* resume(a, queue, "mail")
      yield* retry(a, [id!])
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther({ lease, id: String(id), outcome: "blocked", error: "no" })

      assert.deepStrictEqual((yield* unpause(a)).unpaused, 0)
      assert.deepStrictEqual(yield* states(a, queue), ["blocked"])
    }))

  it.effect("refuses what cannot be meant", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const messages = yield* Effect.forEach(
        [
          a.sql`SELECT pgq.pause('')`,
          a.sql`SELECT pgq.pause(${queue}, repeat('n', 129))`,
          a.sql`SELECT pgq.pause(${queue}, until => '2020-01-01')`
        ],
        (statement) => Effect.map(Effect.flip(statement), (error) => storeError("")(error).message)
      )

      assert.match(messages[0]!, /the name of a queue has 1 to 63 bytes/)
      assert.match(messages[1]!, /the name of a job has at most 128 bytes/)
      assert.match(messages[2]!, /a pause cannot end at 2020-01-01 .*, which is over/)
    }))
})
