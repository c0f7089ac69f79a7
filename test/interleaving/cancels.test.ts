/**
 * Cancels of jobs that other steps claim, settle or promote at the same time. Each test leads two
 * sessions into the order in which a cancelled job could start again.
 *
 * Tests `sql/0013_control.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { cancel, endedAs, history, outcomes, requests, retried, setup } from "./Cancelling.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("a cancel", (it) => {
  it.effect("ends a job that waits, with its reason, and says so only once", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const id = yield* a.insert({ queue })

      const answers = [yield* cancel(a, [id]), yield* cancel(a, [id]), yield* cancel(a, [0n])]
        .flat()

      assert.deepStrictEqual(answers, [
        { outcome: "cancelled", has_ended_before: false, worker: null },
        { outcome: "cancelled", has_ended_before: true, worker: null },
        { outcome: "unknown", has_ended_before: false, worker: null }
      ])
      assert.deepStrictEqual(yield* history(a, id), {
        outcome: "cancelled",
        error: "not wanted",
        attempt: 0,
        leased: false
      })
    }))

  it.effect("answers in the order given", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const done = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.complete(lease, [done])
      const running = yield* a.insert({ queue })
      yield* a.claim({ queue, worker })
      const waiting = yield* a.insert({ queue })

      const answers = yield* cancel(a, [waiting, 0n, running, done])

      assert.deepStrictEqual(outcomes(answers), ["cancelled", "unknown", "stopping", "completed"])
      assert.strictEqual(answers[2]!.worker, worker)
      assert.deepStrictEqual(yield* cancel(a, []), [])
    }))

  it.effect("of a job that a claim is taking asks the worker to stop it", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })

      yield* a.begin
      yield* a.claim({ queue, worker })
      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit
      const answers = yield* Fiber.join(cancelling)

      assert.deepStrictEqual(answers, [{ outcome: "stopping", has_ended_before: false, worker }])
      assert.strictEqual(yield* requests(a, worker), 1)
      assert.strictEqual(yield* endedAs(a, id), "unfinished")
    }))

  it.effect("of a job that a claim was taking, and is not, ends the job", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })

      yield* a.begin
      yield* a.claim({ queue, worker })
      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.rollback

      assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [])
    }))

  it.effect("leaves alone a job that a claim is taking, where only waiting jobs are meant", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      yield* a.insert({ queue })

      yield* a.begin
      yield* a.claim({ queue, worker })
      const cancelling = yield* Effect.forkChild(b.sql`
        SELECT * FROM pgq.cancel_some(${queue}, NULL, NULL, ARRAY['waiting'], 0, 10, NULL)
      `)
      yield* Session.someoneWaits
      yield* a.commit
      const answer = yield* Fiber.join(cancelling)

      assert.deepStrictEqual(answer, [{ cancelled: 0, stopping: 0, held: 0, last_id: null }])
      assert.strictEqual(yield* requests(a, worker), 0)
    }))

  it.effect("is passed by by a claim, which takes the other jobs", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const ids = [yield* a.insert({ queue }), yield* a.insert({ queue })]

      yield* a.begin
      yield* cancel(a, ids.slice(0, 1))
      const claimed = yield* b.claim({ queue, worker })
      yield* a.commit

      assert.deepStrictEqual(claimed.ids, ids.slice(1))
    }))

  it.effect("waits for a settlement that puts the job back, and ends the job then", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })

      yield* a.begin
      yield* a.settleOther(retried(lease, id))
      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
      assert.deepStrictEqual(yield* history(a, id), {
        outcome: "cancelled",
        error: "not wanted",
        attempt: 1,
        leased: false
      })
    }))

  it.effect("waits for a settlement that completes the job, and says how it ended", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })

      yield* a.begin
      yield* a.complete(lease, [id])
      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(yield* Fiber.join(cancelling), [
        { outcome: "completed", has_ended_before: true, worker: null }
      ])
    }))

  it.effect("waits for a settlement that rolls back, and asks the worker to stop the job", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })

      yield* a.begin
      yield* a.settleOther(retried(lease, id))
      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.rollback

      assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["stopping"])
    }))

  it.effect("of a head that waits lets the next job of its lane start", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      yield* cancel(a, [head])

      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [next])
    }))

  it.effect("of a job that blocks its lane lets the lane go on", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther({ lease, id: String(head), outcome: "blocked", error: "no" })

      yield* cancel(a, [head])

      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [next])
    }))

  it.effect("waits for a promotion, and ends the job then", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther(retried(lease, id))

      yield* a.begin
      yield* a.sql`SELECT FROM pgq.promote(100)`
      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [])
    }))

  it.effect("of a job that another cancel ends says that it had ended", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* a.insert({ queue })

      yield* a.begin
      yield* cancel(a, [id])
      const cancelling = yield* Effect.forkChild(cancel(b, [id], "too late"))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(yield* Fiber.join(cancelling), [
        { outcome: "cancelled", has_ended_before: true, worker: null }
      ])
      assert.strictEqual((yield* history(a, id))?.error, "not wanted")
    }))

  it.effect("waits half a second for jobs that people hold, all of them together", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const ids = yield* Effect.replicateEffect(a.insert({ queue }), 12)
      const [free, ...held] = ids.toReversed()
      yield* a.begin
      yield* a.sql`UPDATE pgq.jobs SET payload = '[]' WHERE id = ANY (${held}::bigint[])`

      const began = performance.now()
      const answers = yield* cancel(b, ids)
      const took = performance.now() - began
      yield* a.commit

      assert.deepStrictEqual(outcomes(answers), [...held.map(() => "held"), "cancelled"])
      assert.isBelow(took, 1500)
      assert.deepStrictEqual((yield* a.claim({ queue, worker, limit: 20 })).ids, held.toReversed())
      assert.strictEqual(yield* endedAs(a, free!), "cancelled")
    }))

  it.effect("waits for a person who lets go of the job", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* a.insert({ queue })
      yield* a.begin
      yield* a.sql`UPDATE pgq.jobs SET queue = ${crypto.randomUUID()} WHERE id = ${id}`

      const cancelling = yield* Effect.forkChild(cancel(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
    }))

  it.effect("is refused under another isolation level", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* a.insert({ queue })

      yield* b.beginAt("REPEATABLE READ")
      const error = storeError("cancel")(yield* Effect.flip(cancel(b, [id])))
      yield* b.rollback

      assert.include(error.detail, "READ COMMITTED")
      assert.strictEqual(yield* endedAs(a, id), "unfinished")
    }))
})
