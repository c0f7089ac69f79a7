/**
 * Two claims at once: one claim has taken jobs and has not committed yet.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const setup = Effect.gen(function*() {
  const [a, b] = [yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  return { a, b, queue, workerA: yield* a.worker(queue), workerB: yield* a.worker(queue) }
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("claims", (it) => {
  it.effect("skip what an uncommitted claim has taken", () =>
    Effect.gen(function*() {
      const { a, b, queue, workerA, workerB } = yield* setup
      const first = yield* a.insert({ queue })
      const second = yield* a.insert({ queue })

      yield* a.begin
      const takenA = yield* a.claim({ queue, worker: workerA, limit: 1 })
      const takenB = yield* b.claim({ queue, worker: workerB, limit: 2 })
      yield* a.commit

      assert.deepStrictEqual(takenA.ids, [first])
      assert.deepStrictEqual(takenB.ids, [second])
    }))

  it.effect("leave no job of a key to a second claim while the first is uncommitted", () =>
    Effect.gen(function*() {
      const { a, b, queue, workerA, workerB } = yield* setup
      const head = yield* a.insert({ queue, key: "k" })
      yield* a.insert({ queue, key: "k" })

      yield* a.begin
      const takenA = yield* a.claim({ queue, worker: workerA, limit: 1 })
      const takenB = yield* b.claim({ queue, worker: workerB })
      yield* a.commit
      const afterwards = yield* b.claim({ queue, worker: workerB })

      assert.deepStrictEqual(takenA.ids, [head])
      assert.deepStrictEqual(takenB.ids, [])
      assert.deepStrictEqual(afterwards.ids, [])
    }))

  for (const [isExclusiveA, isExclusiveB] of [[true, true], [true, false], [false, true]]) {
    it.effect(`wait for each other (exclusive: ${isExclusiveA}, then ${isExclusiveB})`, () =>
      Effect.gen(function*() {
        const { a, b, queue, workerA, workerB } = yield* setup
        const first = yield* a.insert({ queue })
        const second = yield* a.insert({ queue })

        yield* a.begin
        const takenA = yield* a.claim({
          queue,
          worker: workerA,
          limit: 1,
          isExclusive: isExclusiveA!
        })
        const waiting = yield* Effect.forkChild(
          b.claim({ queue, worker: workerB, isExclusive: isExclusiveB! })
        )
        yield* Session.someoneWaits
        yield* a.commit
        const takenB = yield* Fiber.join(waiting)

        assert.deepStrictEqual(takenA.ids, [first])
        assert.deepStrictEqual(takenB.ids, [second])
      }))
  }

  it.effect("see a lease that was committed while they waited for its row", () =>
    Effect.gen(function*() {
      const { a, b, queue, workerA: worker } = yield* setup
      const id = yield* a.insert({ queue })

      // Session `a` locks the row and commits a lease, as a claim does. Session `b` claims before
      // this commit and after it.
      yield* a.begin
      yield* a.sql`SELECT FROM pgq.jobs WHERE id = ${id} FOR UPDATE`
      const meanwhile = yield* b.claim({ queue, worker })
      yield* a.sql`
        INSERT INTO pgq.leases (worker_id, queue, job_ids)
        VALUES (${worker}::uuid, ${queue}, ARRAY[${id}::bigint])
      `
      yield* a.commit
      const afterwards = yield* b.claim({ queue, worker })

      assert.deepStrictEqual(meanwhile.ids, [])
      assert.deepStrictEqual(afterwards.ids, [])
    }))

  for (const isolation of ["REPEATABLE READ", "SERIALIZABLE"] as const) {
    it.effect(`refuse to run under ${isolation}`, () =>
      Effect.gen(function*() {
        const { a, queue, workerA: worker } = yield* setup

        yield* a.beginAt(isolation)
        const error = yield* Effect.flip(a.claim({ queue, worker }))
        yield* a.rollback

        assert.include(String(error.reason.cause), "READ COMMITTED")
      }))
  }

  it.effect("refuse a worker that was taken for dead", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      yield* a.insert({ queue })

      const error = yield* Effect.flip(a.claim({ queue, worker: crypto.randomUUID() }))

      assert.include(String(error.reason.cause), "not registered")
    }))
})
