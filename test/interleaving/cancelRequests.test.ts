/**
 * Requests to cancel a leased job, and the steps that must heed them: settlements, and all that
 * hands jobs back.
 *
 * Tests `sql/0005_settle.sql` and `sql/0006_maintenance.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { cancel, endedAs, history, outcomes, requests, retried, setup } from "./Cancelling.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })(
  "a request to cancel",
  (it) => {
    it.effect("is heeded by a settlement that waited for it", () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })
        const { lease } = yield* a.claim({ queue, worker })

        yield* a.begin
        yield* cancel(a, [id])
        const settling = yield* Effect.forkChild(b.settleOther(retried(lease, id)))
        yield* Session.someoneWaits
        yield* a.commit
        yield* Fiber.join(settling)

        assert.deepStrictEqual(yield* history(a, id), {
          outcome: "cancelled",
          error: "not wanted",
          attempt: 0,
          leased: true
        })
        assert.strictEqual(yield* requests(a, worker), 0)
        assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [])
      }))

    it.effect("of a job that goes back with another one of its lane ends the job", () =>
      Effect.gen(function*() {
        const { a, b, key, queue, worker } = yield* setup
        const ids = [0, 1, 2].map(() => a.insert({ queue, key }))
        const [head, next, last] = [yield* ids[0]!, yield* ids[1]!, yield* ids[2]!]
        const { lease } = yield* a.claim({ queue, worker, perLaneMax: 5 })

        const answers = yield* cancel(b, [next])
        yield* a.settleOther({ lease, id: String(head), outcome: "released" })
        const again = yield* b.claim({ queue, worker, perLaneMax: 5 })

        assert.deepStrictEqual(outcomes(answers), ["stopping"])
        assert.strictEqual((yield* history(a, next))?.outcome, "cancelled")
        assert.deepStrictEqual(again.ids, [head, last])
        assert.strictEqual(yield* requests(a, worker), 0)
      }))

    it.effect("waits for the settlement of another job of its lane, and ends the job then", () =>
      Effect.gen(function*() {
        const { a, b, key, queue, worker } = yield* setup
        const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
        const { lease } = yield* a.claim({ queue, worker, perLaneMax: 5 })

        yield* a.begin
        yield* a.settleOther({ lease, id: String(head), outcome: "released" })
        const cancelling = yield* Effect.forkChild(cancel(b, [next]))
        yield* Session.someoneWaits
        yield* a.commit

        assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
        assert.deepStrictEqual((yield* b.claim({ queue, worker, perLaneMax: 5 })).ids, [head])
      }))

    it.effect("of a head that its worker hands back lets the rest of its run start elsewhere", () =>
      Effect.gen(function*() {
        const { a, b, key, queue, worker } = yield* setup
        const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
        const { lease } = yield* a.claim({ queue, worker, perLaneMax: 5 })

        yield* cancel(b, [head])
        // The worker sends nothing of the next job: a job that goes back takes it along.
        yield* a.settleOther(retried(lease, head))

        assert.deepStrictEqual((yield* b.claim({ queue, worker, perLaneMax: 5 })).ids, [next])
      }))

    for (const outcome of ["snoozed", "unhandled", "released", "blocked"]) {
      it.effect(`wins over a run that ends as ${outcome}, and not over one that failed`, () =>
        Effect.gen(function*() {
          const { a, b, queue, worker } = yield* setup
          const ids = [yield* a.insert({ queue }), yield* a.insert({ queue })]
          const { lease } = yield* a.claim({ queue, worker })

          yield* cancel(b, ids)
          yield* a.settleOther({ ...retried(lease, ids[0]!), outcome, error: "as it happens" })
          yield* a.settleOther({ lease, id: String(ids[1]), outcome: "failed", error: "no" })

          assert.deepStrictEqual(
            [(yield* history(a, ids[0]!))?.error, (yield* history(a, ids[1]!))?.error],
            ["not wanted", "no"]
          )
          assert.deepStrictEqual(
            [yield* endedAs(a, ids[0]!), yield* endedAs(a, ids[1]!)],
            ["cancelled", "failed"]
          )
          assert.strictEqual(yield* requests(a, worker), 0)
        }))
    }

    it.effect("is heeded where a job of another lease was lost in the same settlement", () =>
      Effect.gen(function*() {
        const { a, b, key, queue, worker } = yield* setup
        const [head, next] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
        const { lease } = yield* a.claim({ queue, worker, perLaneMax: 5 })

        yield* cancel(b, [next])
        const lost = yield* a.sql<{ id: bigint | null }>`
        SELECT id FROM pgq.settle('{}', '{}', '{}', ${
          JSON.stringify([
            { lease, id: String(head), outcome: "released" },
            { lease: crypto.randomUUID(), id: String(head), outcome: "released" }
          ])
        }::jsonb) WHERE id IS NOT NULL
      `

        assert.deepStrictEqual(lost, [{ id: head }])
        assert.strictEqual(yield* endedAs(a, next), "cancelled")
      }))

    it.effect("waits for a rescue, and ends the job then", () =>
      Effect.gen(function*() {
        const { a, b, c, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })
        yield* a.claim({ queue, worker })
        yield* a.sql`DELETE FROM pgq.workers WHERE id = ${worker}::uuid`

        yield* a.begin
        yield* a.sql`SELECT pgq.rescue()`
        const cancelling = yield* Effect.forkChild(cancel(b, [id]))
        yield* Session.someoneWaits
        yield* a.commit

        assert.deepStrictEqual(outcomes(yield* Fiber.join(cancelling)), ["cancelled"])
        assert.deepStrictEqual((yield* c.claim({ queue, worker: yield* c.worker(queue) })).ids, [])
      }))

    for (const end of ["rescue", "leave", "reconcile"] as const) {
      it.effect(`is heeded by ${end}, which ends the job, and no other`, () =>
        Effect.gen(function*() {
          const { a, b, key, queue, worker } = yield* setup
          const ids = [yield* a.insert({ queue }), yield* a.insert({ queue, key })]
          const other = yield* a.insert({ queue, key })
          yield* a.claim({ queue, worker, perLaneMax: 5 })
          yield* cancel(a, ids)

          // While a person holds the row of a cancelled job, the lease stays.
          yield* b.begin
          yield* b.sql`SELECT FROM pgq.jobs WHERE id = ${ids[0]!} FOR UPDATE`
          if (end === "rescue") yield* a.sql`DELETE FROM pgq.workers WHERE id = ${worker}::uuid`
          const handBack = end === "rescue"
            ? a.sql`SELECT pgq.rescue()`
            : end === "leave"
            ? a.sql`SELECT FROM pgq.leave(${worker}::uuid, false)`
            : a.sql`SELECT FROM pgq.reconcile(${worker}::uuid, '{}')`
          yield* handBack
          const meanwhile = yield* endedAs(a, ids[1]!)
          yield* b.commit
          yield* handBack

          const claimed = yield* b.claim({ queue, worker: yield* b.worker(queue), perLaneMax: 5 })
          assert.strictEqual(meanwhile, "unfinished")
          assert.deepStrictEqual(yield* history(a, ids[0]!), {
            outcome: "cancelled",
            error: "not wanted",
            attempt: 0,
            leased: true
          })
          assert.strictEqual(yield* endedAs(a, ids[1]!), "cancelled")
          assert.deepStrictEqual(claimed.ids, [other])
          assert.strictEqual(yield* requests(a, worker), 0)
        }))
    }

    it.effect("of a job that is stopping keeps the first reason", () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })
        const { lease } = yield* a.claim({ queue, worker })

        const answers = [...yield* cancel(a, [id]), ...yield* cancel(b, [id], "too late")]
        yield* a.settleOther({ lease, id: String(id), outcome: "cancelled", error: "interrupted" })

        assert.deepStrictEqual(outcomes(answers), ["stopping", "stopping"])
        assert.strictEqual((yield* history(a, id))?.error, "not wanted")
      }))

    it.effect("leaves a request that is forgotten when its job has left the lease", () =>
      Effect.gen(function*() {
        const { a, b, queue, worker } = yield* setup
        const ids = [0, 1, 2].map(() => a.insert({ queue }))
        const [done, deleted, running] = [yield* ids[0]!, yield* ids[1]!, yield* ids[2]!]
        const { lease } = yield* a.claim({ queue, worker })
        yield* cancel(b, [done, deleted, running])
        yield* a.complete(lease, [done])
        yield* b.sql`DELETE FROM pgq.jobs WHERE id = ${deleted}`

        const before = yield* requests(a, worker)
        yield* b.sql`SELECT pgq.forget()`

        assert.deepStrictEqual([before, yield* requests(a, worker)], [3, 1])
        assert.deepStrictEqual(
          [yield* endedAs(a, done), yield* endedAs(a, deleted), yield* endedAs(a, running)],
          ["completed", "unknown", "unfinished"]
        )
      }))
  }
)
