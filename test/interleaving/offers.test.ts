/**
 * Offers of unique jobs while others offer, claim, settle or hold the same keys.
 *
 * Tests `sql/0016_unique.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { copy, retry, retryBeside } from "./ByOperators.ts"
import { cancel, setup } from "./Cancelling.ts"
import { jobsOf, offer, offerApart, offerMany } from "./Offering.ts"

const named = Effect.map(setup, (given) => ({
  ...given,
  one: { name: given.queue, queue: given.queue, key: "u" }
}))

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("an offer", (it) => {
  it.effect("waits for a claim of the holder, takes its key and comes after it", () =>
    Effect.gen(function*() {
      const { a, b, one, queue, worker } = yield* named
      const { id: first } = yield* offer(a, { ...one, payload: "1" })

      yield* a.begin
      const { lease } = yield* a.claim({ queue, worker })
      const offering = yield* Effect.forkChild(
        offer(b, { ...one, payload: "2", mode: "replace" })
      )
      yield* Session.someoneWaits
      yield* a.commit
      const second = yield* Fiber.join(offering)

      assert.strictEqual(second.outcome, "added")
      assert.deepStrictEqual(yield* jobsOf(a, queue), [
        { id: first!, key: null, payload: "1", state: "ready" },
        { id: second.id!, key: "u", payload: "2", state: "ready" }
      ])
      assert.deepStrictEqual(yield* a.complete(lease, [first!]), [])
    }))

  it.effect("waits for one that is rolled back, and adds its job", () =>
    Effect.gen(function*() {
      const { a, b, one, queue } = yield* named

      yield* a.begin
      yield* offer(a, { ...one, within: "1 hour" })
      const offering = yield* Effect.forkChild(offer(b, { ...one, within: "1 hour" }))
      yield* Session.someoneWaits
      yield* a.rollback

      assert.strictEqual((yield* Fiber.join(offering)).outcome, "added")
      assert.lengthOf(yield* jobsOf(a, queue), 1)
    }))

  it.effect("that keeps never waits for the holder, and one that replaces waits for its end", () =>
    Effect.gen(function*() {
      const { a, b, one, queue, worker } = yield* named
      const { id: first } = yield* offer(a, one)
      const { lease } = yield* a.claim({ queue, worker })

      yield* a.begin
      yield* a.complete(lease, [first!])
      const kept = yield* offerMany(b, [one, { ...one, mode: "reject" }])
      const offering = yield* Effect.forkChild(offer(b, { ...one, mode: "replace" }))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(kept.map(({ outcome }) => outcome), ["kept", "rejected"])
      assert.strictEqual((yield* Fiber.join(offering)).outcome, "added")
    }))

  it.effect("of one key for two names adds both", () =>
    Effect.gen(function*() {
      const { a, one, queue } = yield* named
      const answers = yield* offerMany(a, [one, { ...one, name: `${queue}'s other` }])

      assert.deepStrictEqual(answers.map(({ outcome }) => outcome), ["added", "added"])
    }))

  it.effect("of a thousand keys in other orders meets no deadlock, and adds each once", () =>
    Effect.gen(function*() {
      const { a, b, c, one, queue } = yield* named
      const keys = Array.from({ length: 1000 }, (_, n) => `u${n}`)
      const offers = keys.map((key) => ({ ...one, key }))
      const mixed = offers.map((each, n) => ({ ...each, mode: n % 2 === 0 ? "keep" : "replace" }))

      const answers = yield* Effect.all([
        offerMany(a, offers),
        offerMany(b, offers.toReversed()),
        offerMany(c, mixed.toReversed())
      ], { concurrency: 3 })

      assert.strictEqual(answers.flat().filter(({ outcome }) => outcome === "added").length, 1000)
      assert.lengthOf(yield* jobsOf(a, queue), 1000)
    }))

  it.effect("goes past keys of lower order only with none of its own", () =>
    Effect.gen(function*() {
      const { a, b, one } = yield* named
      const [low, high] = [{ ...one, key: "a" }, { ...one, key: "b" }]

      yield* a.begin
      yield* offer(a, low)
      const offering = yield* Effect.forkChild(offerMany(b, [high, low]))
      yield* Session.someoneWaits
      const other = yield* offer(a, high)
      yield* a.commit

      assert.strictEqual(other.outcome, "added")
      assert.deepStrictEqual(
        (yield* Fiber.join(offering)).map(({ outcome }) => outcome),
        ["kept", "kept"]
      )
    }))

  it.effect("of many callers passes by a key that an open transaction has", () =>
    Effect.gen(function*() {
      const { a, b, one } = yield* named
      const offers = Array.from({ length: 20 }, (_, n) => ({ ...one, key: `u${n}` }))

      yield* a.begin
      yield* offer(a, offers[10]!)
      const since = yield* Clock.currentTimeMillis
      const answers = yield* offerApart(b, [...offers, offers[10]!])
      const took = (yield* Clock.currentTimeMillis) - since
      yield* a.rollback

      assert.deepStrictEqual(
        answers.map(({ outcome }) => outcome),
        [...offers.map((_, n) => n === 10 ? "held" : "added"), "held"]
      )
      // About 120 ms on a quiet machine.
      assert.isBelow(took, 1000)
      assert.deepStrictEqual((yield* offer(b, offers[10]!)).outcome, "added")
    }))

  it.effect("gives up on its own after some seconds, and changes nothing", () =>
    Effect.gen(function*() {
      const { a, b, one, queue } = yield* named
      yield* a.begin
      yield* offer(a, one)
      yield* b.sql`SET statement_timeout = '10s'`

      const error = yield* Effect.flip(offerMany(b, [{ ...one, key: "a" }, one]))
      yield* a.rollback

      assert.strictEqual(storeError("offer")(error).code, "55P03")
      assert.deepStrictEqual(yield* jobsOf(a, queue), [])
    }))

  it.effect("keeps the order of its call, whatever the order of the keys", () =>
    Effect.gen(function*() {
      const { a, one, queue, worker } = yield* named
      const lane = ["z", "a", "m"].map((key) => ({ ...one, key, laneKey: "lane" }))

      const ids = (yield* offerMany(a, lane)).map(({ id }) => id!)
      yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      const { ids: claimed } = yield* a.claim({ queue, worker, perLaneMax: 10 })
      assert.deepStrictEqual(claimed, ids)
    }))

  it.effect("takes no leased job's values, and refuses an old snapshot to replace any", () =>
    Effect.gen(function*() {
      const { a, b, one } = yield* named
      yield* offer(a, one)
      yield* b.beginAt("REPEATABLE READ")
      const kept = yield* offer(b, one)
      const error = yield* Effect.flip(offer(b, { ...one, mode: "replace" }))
      yield* b.rollback

      assert.strictEqual(kept.outcome, "kept")
      assert.strictEqual(storeError("offer")(error).code, "25001")
    }))

  it.effect("of a whole call that is rejected in part changes nothing", () =>
    Effect.gen(function*() {
      const { a, one, queue } = yield* named
      const { id } = yield* offer(a, { ...one, key: "b" })

      const answers = yield* a.sql`
        SELECT id, outcome FROM pgq.offer_many(ARRAY(
          SELECT (${queue}::text, '{}', NULL, 0, NULL, ${queue}::text, NULL, key, 'reject', NULL,
                  NULL, NULL, NULL, NULL, NULL)::pgq.offered_job FROM unnest(ARRAY['a', 'b', 'c']) AS key
        ), true) WHERE outcome IS NOT NULL
      `

      assert.deepStrictEqual(answers, [{ id: id!, outcome: "rejected" }])
      assert.lengthOf(yield* jobsOf(a, queue), 1)
    }))
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("a redrive", (it) => {
  it.effect("of a job whose key was taken is a conflict, also when it is taken meanwhile", () =>
    Effect.gen(function*() {
      const { a, b, one, queue } = yield* named
      const { id: first } = yield* offer(a, one)
      yield* cancel(a, [first!])
      const { id: second } = yield* offer(a, one)
      const before = yield* retryBeside(a, first!)
      yield* cancel(a, [second!])

      yield* a.begin
      const { id: third } = yield* offer(a, one)
      const retrying = yield* Effect.forkChild(retryBeside(b, first!))
      yield* Session.someoneWaits
      yield* a.commit
      const meanwhile = yield* Fiber.join(retrying)
      yield* cancel(a, [third!])

      assert.deepStrictEqual([before, meanwhile], [
        { outcome: "conflict", holder: second },
        { outcome: "conflict", holder: third }
      ])
      assert.deepStrictEqual(yield* retry(a, [first!, third!]), ["redriven", "conflict"])
      assert.deepStrictEqual(
        (yield* jobsOf(a, queue)).map(({ id, key }) => ({ id, key })),
        [{ id: first!, key: "u" }]
      )
    }))

  it.effect("of many jobs is a conflict for those alone whose key was taken", () =>
    Effect.gen(function*() {
      const { a, b, one, queue } = yield* named
      const [first, second] = [yield* offer(a, one), yield* offer(a, { ...one, key: "v" })]
      yield* cancel(a, [first.id!, second.id!])
      const { id: third } = yield* offer(a, one)
      yield* cancel(a, [third!])
      const fourth = yield* a.insert({ queue })
      yield* cancel(a, [fourth])

      yield* a.begin
      yield* offer(a, { ...one, key: "v" })
      const retrying = yield* Effect.forkChild(retry(b, [third!, fourth, second.id!, first.id!]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(
        yield* Fiber.join(retrying),
        ["conflict", "redriven", "conflict", "redriven"]
      )
    }))

  it.effect("as a new job is held alone while a transaction has its key", () =>
    Effect.gen(function*() {
      const { a, b, one, queue } = yield* named
      const { id: taken } = yield* offer(a, one)
      const { id: free } = yield* offer(a, { ...one, key: "v" })
      const plain = yield* a.insert({ queue })
      yield* cancel(a, [taken!, free!, plain])

      yield* a.begin
      yield* offer(a, one)
      const answers = yield* copy(b, [taken!, plain, free!])
      yield* a.rollback

      assert.deepStrictEqual(
        answers.map(({ outcome }) => outcome),
        ["held", "copied", "copied"]
      )
      const ids = (yield* jobsOf(b, queue)).map(({ id }) => id)
      assert.sameMembers(ids, answers.flatMap(({ new_id }) => new_id ?? []))
      assert.deepStrictEqual(
        (yield* copy(b, [taken!, free!])).map(({ outcome }) => outcome),
        ["copied", "conflict"]
      )
    }))

  it.effect("is held for no longer than its step while a transaction has the key", () =>
    Effect.gen(function*() {
      const { a, b, one } = yield* named
      const { id } = yield* offer(a, one)
      yield* cancel(a, [id!])

      yield* a.begin
      yield* offer(a, one)
      const answers = yield* retry(b, [id!])
      yield* a.rollback

      assert.deepStrictEqual(answers, ["held"])
    }))
})
