/**
 * Retries of finished jobs while others retry, prune or lock them.
 *
 * Tests `sql/0014_by_operators.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { copy, fail, lives, retry } from "./ByOperators.ts"
import { cancel, endedAs, outcomes, setup } from "./Cancelling.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("a redrive", (it) => {
  it.effect("leaves the ids of later jobs alone, and a row of history for each life", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      const look = a.sql`
        SELECT last_value, (SELECT created_at::text FROM pgq.finished_jobs WHERE id = ${id}
                            UNION SELECT created_at::text FROM pgq.jobs WHERE id = ${id}) AS created
        FROM pgq.jobs_id_seq
      `
      yield* fail(a, queue, worker)
      const before = yield* look

      const answers = yield* retry(a, [id, id])
      const after = yield* look
      yield* fail(a, queue, worker)

      assert.deepStrictEqual(answers, ["redriven", "queued"])
      assert.deepStrictEqual(after, before)
      assert.deepStrictEqual(yield* lives(a, id), [
        { outcome: "failed", is_redriven: true },
        { outcome: "failed", is_redriven: false }
      ])
      assert.strictEqual(yield* endedAs(a, id), "failed")
    }))

  it.effect("puts a job first in its lane", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const id = yield* a.insert({ queue, key })
      yield* fail(a, queue, worker)
      const next = yield* a.insert({ queue, key })
      yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      yield* retry(a, [id])

      const { ids, lease } = yield* a.claim({ queue, worker })
      yield* a.complete(lease, ids)
      assert.deepStrictEqual([ids, (yield* a.claim({ queue, worker })).ids], [[id], [next]])
    }))

  it.effect("happens once, however often it is asked for", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const id = yield* a.insert({ queue, key })
      yield* fail(a, queue, worker)

      yield* a.begin
      const first = yield* retry(a, [id])
      const retrying = yield* Effect.forkChild(retry(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit
      const second = yield* Fiber.join(retrying)
      const { ids, lease } = yield* a.claim({ queue, worker })
      yield* a.complete(lease, ids)

      assert.deepStrictEqual([first, second, ids], [["redriven"], ["queued"], [id]])
      assert.deepStrictEqual(yield* retry(a, [id]), ["completed"])
      assert.deepStrictEqual(yield* cancel(a, [id]), [
        { outcome: "completed", has_ended_before: true, worker: null }
      ])
    }))

  it.effect("waits for one that is rolled back, and takes its place", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      yield* fail(a, queue, worker)

      yield* a.begin
      yield* retry(a, [id])
      const retrying = yield* Effect.forkChild(retry(b, [id]))
      yield* Session.someoneWaits
      yield* a.rollback

      assert.deepStrictEqual(yield* Fiber.join(retrying), ["redriven"])
    }))

  it.effect("of jobs that two operators ask for in other orders is done once for each", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const ids: Array<bigint> = []
      // One operator waits for the statement of the other, for half a second at most.
      for (let n = 0; n < 50; n++) ids.push(yield* a.insert({ queue }))
      while ((yield* fail(a, queue, worker)).length > 0);

      const [first, second] = yield* Effect.all(
        [retry(a, ids), retry(b, ids.toReversed())],
        { concurrency: 2 }
      )

      const answers = first.map((answer, n) => [answer, second.toReversed()[n]!].toSorted())
      assert.deepStrictEqual(answers, ids.map(() => ["queued", "redriven"]))
    }))

  it.effect("of many jobs is one statement, which leaves a marker for each lane", () =>
    Effect.gen(function*() {
      const { a, key, queue, worker } = yield* setup
      const ids: Array<bigint> = []
      for (let n = 0; n < 20; n++) ids.push(yield* a.insert({ queue, key }))
      while ((yield* fail(a, queue, worker)).length > 0);
      const markers = Effect.map(
        a.sql`SELECT FROM pgq.dirty_lanes WHERE queue = ${queue}`,
        (rows) => rows.length
      )
      const before = yield* markers

      const answers = yield* retry(a, ids.slice(0, 10))
      const between = yield* markers
      const [step] = yield* a.sql`
        SELECT redriven FROM pgq.retry_failed(${queue}, NULL, NULL, NULL, NULL, 0, 500)
      `

      assert.deepStrictEqual(answers, answers.map(() => "redriven"))
      assert.deepStrictEqual(step, { redriven: 10 })
      assert.deepStrictEqual([between - before, (yield* markers) - between], [1, 1])
    }))

  it.effect("finds no history that a prune drops meanwhile", () =>
    Effect.gen(function*() {
      const { a, b } = yield* setup
      const id = -1n
      yield* a.sql`
        INSERT INTO pgq.finished_jobs
          (id, created_at, finished_at, priority, attempt, outcome, queue, name, payload)
        SELECT ${id}, at, at, 0, 1, 'failed', 'q', 'test', '{}'
        FROM (VALUES (now() - interval '90 days')) AS past(at)
      `

      yield* a.begin
      yield* a.sql`SELECT pgq.prune_failed()`
      const retrying = yield* Effect.forkChild(retry(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(yield* Fiber.join(retrying), ["unknown"])
    }))

  it.effect("is held while another transaction locks the history of the job", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const [held, free] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      yield* fail(a, queue, worker)

      yield* a.begin
      yield* a.sql`SELECT FROM pgq.finished_jobs WHERE id = ${held} FOR UPDATE`
      const answers = yield* retry(b, [free, held])
      const step = yield* b.sql`
        SELECT redriven, held, last_id
        FROM pgq.retry_failed(${queue}, NULL, NULL, NULL, NULL, 0, 500)
      `
      yield* a.commit

      assert.deepStrictEqual(answers, ["redriven", "held"])
      assert.deepStrictEqual(step, [{ redriven: 0, held: 1, last_id: null }])
      assert.deepStrictEqual(yield* retry(b, [held]), ["redriven"])
    }))

  for (const rate of ["0", "-1", "NaN", "Infinity"]) {
    it.effect(`refuses ${rate} jobs a second`, () =>
      Effect.gen(function*() {
        const { a, queue, worker } = yield* setup
        const id = yield* a.insert({ queue })
        yield* fail(a, queue, worker)

        const refused = yield* Effect.flip(a.sql`
          SELECT FROM pgq.retry_failed(${queue}, NULL, NULL, NULL, NULL, 0, 500, ${rate}::float8)
        `)

        assert.match(storeError("")(refused).message, /per_second is .*, and must be .* above 0/)
        assert.deepStrictEqual(yield* retry(a, [id]), ["redriven"])
      }))
  }

  it.effect("does not bring back a job that was deleted since, or completed without history", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const [deleted, done] = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      yield* fail(a, queue, worker)
      yield* retry(a, [deleted, done])

      yield* a.sql`DELETE FROM pgq.jobs WHERE id = ${deleted}`
      yield* a.begin
      yield* a.sql`UPDATE pgq.settings SET keep_completed = '0'`
      const { ids, lease } = yield* a.claim({ queue, worker })
      yield* a.complete(lease, ids)
      const answers = yield* retry(a, [deleted, done])
      const ended = [yield* endedAs(a, deleted), yield* endedAs(a, done)]
      yield* a.rollback

      assert.deepStrictEqual(answers, ["unknown", "unknown"])
      assert.deepStrictEqual(ended, ["unknown", "unknown"])
    }))

  it.effect("of a job that another step cancels brings the job back", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* a.insert({ queue })

      yield* a.begin
      const cancelled = yield* cancel(a, [id])
      const retrying = yield* Effect.forkChild(retry(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit

      assert.deepStrictEqual(outcomes(cancelled), ["cancelled"])
      assert.deepStrictEqual(yield* Fiber.join(retrying), ["redriven"])
    }))

  it.effect("is refused while a trigger keeps the job out, and changes nothing", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const id = yield* a.insert({ queue })
      yield* fail(a, queue, worker)

      yield* a.begin
      yield* a.sql`
        CREATE FUNCTION pg_temp.keep_out() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NULL; END $$
      `.unprepared
      yield* a.sql`
        CREATE TRIGGER keeps BEFORE INSERT ON pgq.jobs
        FOR EACH ROW EXECUTE FUNCTION pg_temp.keep_out()
      `.unprepared
      const error = yield* Effect.flip(retry(a, [id]))
      yield* a.rollback

      assert.strictEqual(storeError("retry")(error).code, "09000")
      assert.deepStrictEqual(yield* lives(a, id), [{ outcome: "failed", is_redriven: false }])
    }))

  it.effect("as a new job has an id of its own, or is refused while a trigger keeps it out", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const ids = [yield* a.insert({ queue }), yield* a.insert({ queue })]
      while ((yield* fail(a, queue, worker)).length > 0);

      yield* a.begin
      yield* a.sql`
        CREATE FUNCTION pg_temp.keep_out() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NULL; END $$
      `.unprepared
      yield* a.sql`
        CREATE TRIGGER keeps BEFORE INSERT ON pgq.jobs
        FOR EACH ROW EXECUTE FUNCTION pg_temp.keep_out()
      `.unprepared
      const error = yield* Effect.flip(copy(a, ids))
      yield* a.rollback

      assert.strictEqual(storeError("copy")(error).code, "09000")
      const again = yield* copy(a, ids)
      assert.deepStrictEqual(again.map(({ outcome }) => outcome), ["copied", "copied"])
      assert.deepStrictEqual(again.filter(({ new_id }) => ids.includes(new_id!)), [])
    }))

  it.effect("works under READ COMMITTED alone", () =>
    Effect.gen(function*() {
      const { a } = yield* setup
      yield* a.beginAt("REPEATABLE READ")
      const error = yield* Effect.flip(retry(a, [1n]))
      yield* a.rollback

      assert.strictEqual(storeError("retry")(error).code, "25001")
    }))
})
