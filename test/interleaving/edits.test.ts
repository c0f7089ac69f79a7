/**
 * Edits, retries and discards of unfinished jobs that other steps claim, settle, promote or change
 * at the same time.
 *
 * Tests `sql/0014_by_operators.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { discard, edit, lives, retry } from "./ByOperators.ts"
import { cancel, retried, setup } from "./Cancelling.ts"

const steps = [
  ["an edit", (session: Session.Session, id: bigint) => edit(session, id, { priority: 5 })],
  [
    "a retry",
    (session: Session.Session, id: bigint) => Effect.map(retry(session, [id]), ([one]) => one)
  ],
  [
    "a discard",
    (session: Session.Session, id: bigint) => Effect.map(discard(session, [id]), ([one]) => one)
  ]
] as const

const done = { "an edit": "edited", "a retry": "queued", "a discard": "discarded" }

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("beside", (it) => {
  for (const [name, step] of steps) {
    it.effect(`a claim, ${name} waits, and leaves the job to the worker`, () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })

        yield* a.begin
        const { lease } = yield* a.claim({ queue, worker })
        const stepping = yield* Effect.forkChild(step(b, id))
        yield* Session.someoneWaits
        yield* a.commit

        assert.strictEqual(yield* Fiber.join(stepping), "running")
        assert.deepStrictEqual(
          yield* a.sql`SELECT priority FROM pgq.jobs WHERE id = ${id}`,
          [{ priority: 0 }]
        )
        assert.deepStrictEqual(yield* a.complete(lease, [id]), [])
      }))

    it.effect(`a claim that is rolled back, ${name} waits, and goes on`, () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })

        yield* a.begin
        yield* a.claim({ queue, worker })
        const stepping = yield* Effect.forkChild(step(b, id))
        yield* Session.someoneWaits
        yield* a.rollback

        assert.strictEqual(yield* Fiber.join(stepping), done[name])
      }))

    it.effect(`a claim that comes later, ${name} keeps the job for itself`, () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const [id, other] = [yield* a.insert({ queue }), yield* a.insert({ queue })]

        yield* a.begin
        yield* step(a, id)
        const { ids } = yield* b.claim({ queue, worker })
        yield* a.commit
        const later = yield* b.claim({ queue, worker })

        assert.deepStrictEqual([ids, later.ids], [[other], name === "a discard" ? [] : [id]])
      }))

    it.effect(`a cancel, ${name} waits, and finds the job at its end`, () =>
      Effect.gen(function*() {
        const { a, b, queue } = yield* setup
        const id = yield* a.insert({ queue })

        yield* a.begin
        yield* cancel(a, [id])
        const stepping = yield* Effect.forkChild(step(b, id))
        yield* Session.someoneWaits
        yield* a.commit

        assert.strictEqual(
          yield* Fiber.join(stepping),
          name === "a retry" ? "redriven" : "cancelled"
        )
      }))

    it.effect(`a person who holds the job, ${name} gives up, and changes nothing`, () =>
      Effect.gen(function*() {
        const { a, b, queue } = yield* setup
        const id = yield* a.insert({ queue })

        yield* a.begin
        yield* a.sql`SELECT FROM pgq.jobs WHERE id = ${id} FOR UPDATE`
        const answer = yield* step(b, id)
        yield* a.commit

        assert.strictEqual(answer, "held")
        assert.deepStrictEqual(
          yield* a.sql`SELECT priority, state FROM pgq.jobs WHERE id = ${id}`,
          [{ priority: 0, state: "ready" }]
        )
        assert.deepStrictEqual(yield* lives(a, id), [])
      }))

    it.effect(`a settlement that puts the job back, ${name} leaves the job to its lease`, () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })
        const { lease } = yield* a.claim({ queue, worker })

        yield* a.begin
        yield* a.settleOther(retried(lease, id))
        const before = yield* step(b, id)
        yield* a.commit
        const after = yield* step(b, id)

        assert.strictEqual(before, "running")
        assert.strictEqual(after, name === "a retry" ? "retried" : done[name])
      }))
  }

  it.effect("a claim of a lane, an edit waits, and leaves the job to the worker", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const id = yield* a.insert({ queue, key })

      yield* a.begin
      yield* a.claim({ queue, worker })
      const editing = yield* Effect.forkChild(edit(b, id, { priority: 5, payload: `{"n": 1}` }))
      yield* Session.someoneWaits
      yield* a.commit

      assert.strictEqual(yield* Fiber.join(editing), "running")
      assert.deepStrictEqual(
        yield* a.sql`SELECT priority, payload FROM pgq.jobs WHERE id = ${id}`,
        [{ priority: 0, payload: {} }]
      )
    }))

  it.effect("an edit, another one finds the payload changed", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* a.insert({ queue })

      yield* a.begin
      const first = yield* edit(a, id, { payload: `{"n": 1}`, expected: "{}" })
      const editing = yield* Effect.forkChild(edit(b, id, { payload: `{"n": 2}`, expected: "{}" }))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual([first, yield* Fiber.join(editing)], ["edited", "changed"])
      assert.deepStrictEqual(
        yield* a.sql`SELECT payload FROM pgq.jobs WHERE id = ${id}`,
        [{ payload: { n: 1 } }]
      )
    }))

  it.effect("a lane, a head that is made later lets the next job start, once", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      yield* a.begin
      yield* edit(a, head, { runAt: "2099-01-01T00:00:00Z" })
      const before = yield* b.claim({ queue, worker })
      yield* a.commit
      const claims = [yield* b.claim({ queue, worker }), yield* a.claim({ queue, worker })]

      assert.deepStrictEqual(before.ids, [])
      assert.deepStrictEqual(claims.map(({ ids }) => ids), [[next], []])
    }))

  it.effect("a lane, a run of it that is leased keeps all its jobs", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const { lease } = yield* a.claim({ queue, worker, perLaneMax: 5 })

      for (const [, step] of steps) {
        assert.deepStrictEqual([yield* step(b, head), yield* step(b, next)], ["running", "running"])
      }

      assert.deepStrictEqual(yield* a.complete(lease, [head, next]), [])
    }))

  for (const keyed of [false, true]) {
    it.effect(`a promotion, a retry ${keyed ? "with" : "without"} a key waits, and is late`, () =>
      Effect.gen(function*() {
        const { a, b, key, queue, worker } = yield* setup
        const id = yield* a.insert(keyed ? { queue, key } : { queue })
        const { lease } = yield* a.claim({ queue, worker })
        yield* a.settleOther(retried(lease, id))

        yield* a.begin
        yield* a.sql`SELECT FROM pgq.promote(100)`
        const retrying = yield* Effect.forkChild(retry(b, [id]))
        yield* Session.someoneWaits
        yield* a.commit

        assert.deepStrictEqual(yield* Fiber.join(retrying), ["queued"])
        assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [id])
      }))
  }

  it.effect("a promotion that comes later, a retry keeps the job for itself", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther(retried(lease, id))

      yield* a.begin
      const answer = yield* retry(a, [id])
      yield* b.sql`SELECT FROM pgq.promote(100)`
      yield* a.commit

      assert.deepStrictEqual(answer, ["retried"])
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [id])
      assert.deepStrictEqual((yield* b.claim({ queue, worker })).ids, [])
    }))
})
