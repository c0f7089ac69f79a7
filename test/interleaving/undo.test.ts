/**
 * Undone operations: the jobs are as they were, with their ids, places and payloads, and no job is
 * touched that a worker or a person has had since.
 *
 * Tests `sql/0024_operations.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import { fail, lives } from "./ByOperators.ts"
import { endedAs, setup } from "./Cancelling.ts"
import { chunk, drain, plan, rows, run, state, undo } from "./Operating.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("an undo", (it) => {
  for (const action of ["discard", "cancel"]) {
    it.effect(`brings jobs back with their ids, values and places (${action})`, () =>
      Effect.gen(function*() {
        const { a, b, key, queue, worker } = yield* setup
        const payloads = [`{"n":1.50,"big":1e400,"id":12345678901234567890}`, "null", `"ü\\u0001"`]
        const ids: Array<bigint> = []
        for (const payload of payloads) {
          const id = yield* a.insert({ queue, key })
          yield* a.sql`UPDATE pgq.jobs SET payload = ${payload}::text::jsonb WHERE id = ${id}`
          ids.push(id)
        }
        yield* a.sql`
          INSERT INTO pgq.jobs (queue, name, run_at, expires_at, max_attempts, unique_key, priority)
          VALUES (${queue}, ${queue}, now() + interval '1 hour', now() + interval '2 hours', 3, 'u', 4)
        `
        const before = yield* rows(a, queue)
        const found = yield* a.sql<{ id: bigint }>`
          SELECT id FROM pgq.jobs WHERE queue = ${queue} AND id <> ${ids[1]!} ORDER BY id
        `
        const planned = found.map(({ id }) => id)
        const id = yield* plan(a, action, planned)
        yield* run(a, id)
        yield* a.sql`SET TimeZone = 'Asia/Kolkata'`

        const undone = yield* undo(a, id)

        assert.deepStrictEqual(undone, ["undone", "undone", "undone"])
        assert.deepStrictEqual(yield* rows(b, queue), before)
        assert.deepStrictEqual(yield* drain(b, queue, worker), ids)
        assert.deepStrictEqual((yield* lives(a, ids[0]!)).map(({ is_redriven }) => is_redriven), [
          true,
          false
        ])
      }))
  }

  it.effect("does nothing a second time", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const job = yield* a.insert({ queue })
      const id = yield* plan(a, "discard", [job])
      yield* run(a, id)
      yield* undo(a, id)
      yield* drain(a, queue, worker)

      const again = yield* undo(a, id)

      assert.deepStrictEqual(again, ["undone"])
      assert.strictEqual(yield* state(a, id), "undone")
      assert.strictEqual(yield* endedAs(a, job), "completed")
    }))

  it.effect("puts a job back before the head of its lane, unless a worker has the head", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const [first, second] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const third = yield* a.insert({ queue, key })
      const id = yield* plan(a, "discard", [first])
      yield* run(a, id)
      const taken = yield* b.claim({ queue, worker, limit: 1 })

      yield* undo(a, id)
      const beside = yield* b.claim({ queue, worker })
      yield* b.complete(taken.lease, [second])

      assert.deepStrictEqual([taken.ids, beside.ids], [[second], []])
      assert.deepStrictEqual(yield* drain(b, queue, worker), [first, third])
    }))

  it.effect("gives edited jobs their values back, but for those that were changed since", () =>
    Effect.gen(function*() {
      const { a, key, queue } = yield* setup
      const ids = [
        yield* a.insert({ queue, key }),
        yield* a.insert({ queue, key }),
        yield* a.insert({ queue, priority: 3 })
      ]
      yield* a.sql`UPDATE pgq.jobs SET max_attempts = 5 WHERE id = ${ids[0]!}`
      const before = yield* rows(a, queue)
      const id = yield* plan(a, "edit", ids, `{"priority":9,"max_attempts":1,"run_at":"infinity"}`)
      const done = yield* run(a, id)
      yield* a.sql`UPDATE pgq.jobs SET payload = '7' WHERE id = ${ids[1]!}`

      const undone = yield* undo(a, id)
      const after = yield* rows(a, queue)

      assert.deepStrictEqual(done, ["edited", "edited", "edited"])
      assert.deepStrictEqual(undone, ["undone", "changed", "undone"])
      assert.deepStrictEqual([after[0], after[2]], [before[0], before[2]])
    }))

  it.effect("gives one job its payload back, byte for byte", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const job = yield* a.insert({ queue })
      yield* a.sql`UPDATE pgq.jobs SET payload = 'null' WHERE id = ${job}`
      const before = yield* rows(a, queue)
      const id = yield* plan(a, "edit", [job], `{"payload":{"a":1}}`)
      yield* run(a, id)

      assert.deepStrictEqual(yield* undo(a, id), ["undone"])
      assert.deepStrictEqual(yield* rows(a, queue), before)
    }))

  it.effect("leaves jobs alone that a worker has, or that have ended", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const ids = [yield* a.insert({ queue }), yield* a.insert({ queue, key })]
      const id = yield* plan(a, "edit", ids, `{"priority":9}`)
      yield* run(a, id)
      const one = yield* a.claim({ queue, worker, limit: 1 })
      yield* a.complete(one.lease, one.ids)
      const other = yield* a.claim({ queue, worker })
      const before = yield* rows(a, queue)

      assert.deepStrictEqual(yield* undo(a, id), ["gone", "running"])
      assert.deepStrictEqual(yield* rows(a, queue), before)
      assert.deepStrictEqual(yield* a.complete(other.lease, other.ids), [])
    }))

  it.effect("lets the jobs have failed again that were queued again and that no worker has", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const ids = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const behind = yield* a.insert({ queue, key })
      yield* fail(a, queue, worker)
      yield* fail(a, queue, worker)
      const id = yield* plan(a, "retry", ids)
      const done = yield* run(a, id)
      const { ids: taken, lease } = yield* b.claim({ queue, worker })

      const undone = yield* undo(a, id)
      yield* b.complete(lease, taken)

      assert.deepStrictEqual([done, taken], [["redriven", "redriven"], [ids[0]]])
      assert.deepStrictEqual(undone, ["running", "undone"])
      assert.deepStrictEqual(yield* lives(a, ids[1]!), [{ outcome: "failed", is_redriven: false }])
      assert.deepStrictEqual(yield* drain(a, queue, worker), [behind])
    }))

  it.effect("lets the lane of a job go on that was queued again as its head", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const [job, behind] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      yield* fail(a, queue, worker)
      const id = yield* plan(a, "retry", [job])
      yield* run(a, id)
      yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      assert.deepStrictEqual(yield* undo(a, id), ["undone"])
      assert.deepStrictEqual(yield* drain(a, queue, worker), [behind])
      assert.strictEqual(yield* endedAs(a, job), "failed")
    }))

  it.effect("lets a lane wait again with its head that was to start at once", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const [head] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther({ lease, id: String(head), outcome: "blocked", error: "no" })
      const before = yield* rows(a, queue)
      const id = yield* plan(a, "retry", [head])
      const done = yield* run(a, id)

      const undone = yield* undo(a, id)
      const [row] = yield* a.sql`SELECT state FROM pgq.job_states WHERE id = ${head}`

      assert.deepStrictEqual([done, undone], [["retried"], ["undone"]])
      assert.deepStrictEqual(row, { state: "blocked" })
      assert.deepStrictEqual(yield* rows(a, queue), before)
      assert.deepStrictEqual(yield* drain(a, queue, worker), [])
    }))

  it.effect("cannot bring the head back that a lane waited for, as the plan has said", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const [head, behind] = [yield* a.insert({ queue, key }), yield* a.insert({ queue, key })]
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther({ lease, id: String(head), outcome: "blocked", error: "no" })
      const id = yield* plan(a, "discard", [head, behind])
      const said = yield* a.sql`
        SELECT was, can_undo FROM pgq.operation_items WHERE operation_id = ${id}::uuid
        ORDER BY job_id
      `
      yield* run(a, id)

      assert.deepStrictEqual(said, [
        { was: "blocked", can_undo: false },
        { was: "waiting", can_undo: true }
      ])
      assert.deepStrictEqual(yield* undo(a, id), ["final", "undone"])
      assert.deepStrictEqual(yield* drain(a, queue, worker), [behind])
    }))

  it.effect("leaves a job ended whose unique key another one has", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const insert = a.sql<{ id: bigint }>`
        INSERT INTO pgq.jobs (queue, name, unique_key) VALUES (${queue}, ${queue}, 'u') RETURNING id
      `
      const [job] = yield* insert
      const id = yield* plan(a, "discard", [job!.id])
      yield* run(a, id)
      const [other] = yield* insert

      assert.deepStrictEqual(yield* undo(a, id), ["conflict"])
      assert.strictEqual(yield* endedAs(a, job!.id), "discarded")
      assert.strictEqual(yield* endedAs(a, other!.id), "unfinished")
    }))

  it.effect("changes nothing of a job that was discarded a second time since", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const job = yield* a.insert({ queue })
      const id = yield* plan(a, "discard", [job])
      yield* run(a, id)
      yield* a.sql`SELECT FROM pgq.retry(${job})`
      yield* a.sql`SELECT FROM pgq.discard(${job})`

      assert.deepStrictEqual(yield* undo(a, id), ["changed"])
      assert.strictEqual(yield* endedAs(a, job), "discarded")
    }))

  it.effect("is there for a day, and the rows of an operation go then", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const id = yield* plan(a, "discard", [yield* a.insert({ queue })])
      yield* run(a, id)
      const fresh = yield* a.sql`SELECT pgq.forget_operations() AS n`
      yield* a.sql`UPDATE pgq.operations SET at = at - interval '25 hours' WHERE id = ${id}::uuid`
      const old = yield* a.sql`SELECT pgq.forget_operations() AS n`

      assert.deepStrictEqual([fresh, old], [[{ n: 0 }], [{ n: 1 }]])
      assert.lengthOf(yield* a.sql`SELECT FROM pgq.operations WHERE id = ${id}::uuid`, 0)
      assert.strictEqual(yield* chunk(a, id), 0)
    }))
})
