/**
 * Operations beside workers, other people and other servers: no job is met that was not planned, or
 * that a worker has, and each job is met once.
 *
 * Tests `sql/0024_operations.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { fail, lives, retry } from "./ByOperators.ts"
import { setup } from "./Cancelling.ts"
import { chunk, plan, results, run, state, steer, undo } from "./Operating.ts"

const unfinished = ({ sql }: Session.Session, queue: string) =>
  Effect.map(
    sql<{ id: bigint }>`SELECT id FROM pgq.jobs WHERE queue = ${queue} ORDER BY id`,
    (rows) => rows.map(({ id }) => id)
  )

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("a run", (it) => {
  it.effect("leaves a job alone that was added after the plan", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const planned = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      const id = yield* plan(a, "discard", planned)
      const later = yield* a.insert({ queue })

      assert.deepStrictEqual(yield* run(a, id), ["discarded", "discarded"])
      assert.deepStrictEqual(yield* unfinished(a, queue), [later])
      assert.strictEqual(yield* state(a, id), "done")
    }))

  for (const action of ["discard", "cancel", "edit"]) {
    it.effect(`skips a job that a worker has claimed since the plan (${action})`, () =>
      Effect.gen(function*() {
        const { a, key, queue, worker } = yield* setup
        const ids = [yield* a.insert({ queue, key }), yield* a.insert({ queue })]
        const id = yield* plan(a, action, ids, action === "edit" ? `{"priority":7}` : undefined)
        const { lease } = yield* a.claim({ queue, worker })

        const found = yield* run(a, id)
        const [item] = yield* a.sql<{ worker: string }>`
          SELECT worker_id::text AS worker FROM pgq.operation_items WHERE operation_id = ${id}::uuid
        `
        const requests = yield* a
          .sql`SELECT FROM pgq.cancel_requests WHERE lease_id = ${lease}::uuid`

        assert.deepStrictEqual(found, ["running", "running"])
        assert.strictEqual(item!.worker, worker)
        assert.lengthOf(requests, 0)
        assert.deepStrictEqual(yield* a.complete(lease, ids), [])
      }))
  }

  it.effect("skips a job that a claim or a person has locked, and waits for neither", () =>
    Effect.gen(function*() {
      const { a, b, c, queue, worker } = yield* setup
      const [claimed, changed, free] = [
        yield* a.insert({ queue, priority: 1 }),
        yield* a.insert({ queue }),
        yield* a.insert({ queue })
      ]
      const id = yield* plan(a, "discard", [claimed, changed, free])
      yield* b.begin
      yield* b.claim({ queue, worker, limit: 1 })
      yield* c.begin
      yield* c.sql`UPDATE pgq.jobs SET priority = -1 WHERE id = ${changed}`

      const found = yield* run(a, id)
      yield* b.commit
      yield* c.commit

      assert.deepStrictEqual(found, ["held", "held", "discarded"])
    }))

  it.effect("meets each job once, however many servers run it", () =>
    Effect.gen(function*() {
      const { a, b, c, queue } = yield* setup
      const ids: Array<bigint> = []
      for (let n = 0; n < 4; n++) ids.push(yield* a.insert({ queue }))
      const id = yield* plan(a, "discard", ids)
      yield* steer(a, id, "run")

      yield* a.begin
      const first = yield* chunk(a, id, 2)
      const second = yield* chunk(b, id)
      const third = yield* chunk(c, id)
      const between = yield* state(c, id)
      yield* a.commit
      const last = yield* chunk(b, id)

      assert.deepStrictEqual([first, second, third, last], [2, 2, 0, 0])
      assert.strictEqual(between, "running")
      assert.strictEqual(yield* state(a, id), "done")
      for (const job of ids) assert.lengthOf(yield* lives(a, job), 1)
    }))

  it.effect("goes on after a server that died in a chunk, with the jobs that had no result", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const ids = [
        yield* a.insert({ queue }),
        yield* a.insert({ queue }),
        yield* a.insert({ queue })
      ]
      const id = yield* plan(a, "discard", ids)
      yield* steer(a, id, "run")
      yield* chunk(a, id, 1)
      const dying = yield* Session.open
      yield* dying.begin
      yield* chunk(dying, id, 1)
      const [{ pid } = { pid: 0 }] = yield* dying.sql<{ pid: number }>`
        SELECT pg_backend_pid() AS pid
      `
      yield* a.sql`SELECT pg_terminate_backend(${pid}, 5000)`

      const before = yield* results(b, id)
      const after = yield* run(b, id)

      assert.deepStrictEqual(before, ["discarded", null, null])
      assert.deepStrictEqual(after, ["discarded", "discarded", "discarded"])
      for (const job of ids) assert.lengthOf(yield* lives(a, job), 1)
    }))

  it.effect("does nothing a second time, after a stop, or while it is undone", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const ids = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      const id = yield* plan(a, "discard", ids)
      const unasked = yield* chunk(a, id)
      yield* steer(a, id, "run")
      yield* chunk(a, id, 1)
      yield* steer(a, id, "stop")
      const stopped = yield* chunk(a, id)
      yield* undo(a, id)
      const again = yield* steer(a, id, "run")
      const undone = yield* chunk(a, id)

      assert.deepStrictEqual([unasked, stopped, undone, again], [0, 0, 0, "undone"])
      assert.deepStrictEqual(yield* unfinished(a, queue), ids)
    }))

  it.effect("waits with a stop and with an undo for the chunk under way", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* plan(a, "discard", [yield* a.insert({ queue })])
      yield* steer(a, id, "run")
      yield* a.begin
      yield* chunk(a, id)
      const undoing = yield* Effect.forkChild(undo(b, id))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(yield* Fiber.join(undoing), ["undone"])
      assert.lengthOf(yield* unfinished(a, queue), 1)
    }))

  it.effect("says of each job what another person has done with it since the plan", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const [failed, gone] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      yield* fail(a, queue, worker)
      const ready = yield* a.insert({ queue })
      const id = yield* plan(a, "retry", [failed, gone, ready, 0n])
      yield* retry(a, [gone])

      assert.deepStrictEqual(yield* run(a, id), ["gone", "redriven", "queued", "queued"])
    }))

  it.effect("goes on past a job that a trigger refuses", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const [kept, free] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      yield* a.sql`CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'it is precious'; END $$`
      yield* a.sql.unsafe(`CREATE TRIGGER keep BEFORE DELETE ON pgq.jobs FOR EACH ROW
        WHEN (OLD.id = ${kept}) EXECUTE FUNCTION public.keep()`)
      const id = yield* plan(a, "discard", [kept, free])

      const found = yield* run(a, id)
      const [item] = yield* a.sql<{ error: string }>`
        SELECT error FROM pgq.operation_items
        WHERE operation_id = ${id}::uuid AND job_id = ${kept}
      `
      yield* a.sql`DROP TRIGGER keep ON pgq.jobs`

      assert.deepStrictEqual(found, ["refused", "discarded"])
      assert.strictEqual(item?.error, "it is precious")
    }))

  it.effect("is refused of a plan that is too old, and no plan is for more than 10,000 jobs", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const job = yield* a.insert({ queue })
      const id = yield* plan(a, "discard", [job])
      yield* a.sql`
        UPDATE pgq.operations SET at = at - interval '11 minutes' WHERE id = ${id}::uuid
      `
      const expired = yield* steer(a, id, "run")
      const many = Array.from({ length: 10_001 }, (_, n) => BigInt(n))
      const refusal = yield* Effect.flip(plan(a, "discard", many))

      assert.strictEqual(expired, "expired")
      assert.strictEqual(yield* chunk(a, id), 0)
      assert.strictEqual(storeError("plan")(refusal).code, "54000")
      assert.deepStrictEqual(yield* unfinished(a, queue), [job])
    }))
})
