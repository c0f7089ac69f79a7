/**
 * Transactions that complete a job when they commit, while other sessions take the job away, wait
 * for it, or ask what became of it.
 *
 * Tests `sql/0020_transactions.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

/** A session that has claimed all jobs of a queue of its own. */
const claimed = Effect.fnUntraced(function*(keys: ReadonlyArray<string | undefined>) {
  const session = yield* Session.open
  const queue = crypto.randomUUID()
  const worker = yield* session.worker(queue)
  const ids: Array<bigint> = []
  for (const key of keys) {
    ids.push(yield* session.insert({ queue, ...key === undefined ? {} : { key } }))
  }
  const perLaneMax = keys.length
  const { lease } = yield* session.claim({ queue, worker, perLaneMax })
  return { session, queue, worker, lease, ids }
})

const complete = (sql: PgClient.PgClient, lease: string, id: bigint) =>
  sql`INSERT INTO pgq.completions (lease, job_id) VALUES (${lease}::uuid, ${id})`

const asked = ({ sql }: Session.Session, lease: string, id: bigint) =>
  Effect.map(
    sql<{ answer: string }>`SELECT pgq.settled(${lease}::uuid, ${id}) AS answer`,
    ([row]) => row!.answer
  )

const endOf = ({ sql }: Session.Session, id: bigint) =>
  Effect.map(
    sql<{ outcome: string; ran_ms: number | null }>`
      SELECT outcome, ran_ms FROM pgq.finished_jobs WHERE id = ${id}
    `,
    ([row]) => row?.outcome
  )

/** A table whose rows make the commit wait for the advisory lock 7, and fail if they say so. */
const slowCommits = (sql: PgClient.PgClient) =>
  Effect.forEach([
    "CREATE TABLE slow (fails boolean NOT NULL)",
    `CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       PERFORM pg_advisory_xact_lock(7);
       IF NEW.fails THEN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END IF;
       RETURN NULL;
     END $$`,
    `CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION be_slow()`
  ], (statement) =>
    sql.unsafe(statement).unprepared, { discard: true })

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("a completion", (it) => {
  it.effect("locks nothing before its commit, and then ends the job with all that is written", () =>
    Effect.gen(function*() {
      const { ids: [id], lease, session } = yield* claimed([undefined])
      const other = yield* Session.open

      yield* session.begin
      yield* session.sql`
        INSERT INTO pgq.completions (lease, job_id, value, keep, ran_ms)
        VALUES (${lease}::uuid, ${id!}, '{"n": 7}', 60, 12)
      `
      const locked = yield* other.locked([lease], [id!])
      const before = yield* endOf(other, id!)
      yield* session.commit

      assert.deepStrictEqual([locked, before, yield* endOf(other, id!)], [
        [],
        undefined,
        "completed"
      ])
      const [left] = yield* other.sql`
        SELECT (SELECT count(*)::integer FROM pgq.completions) AS completions,
               (SELECT count(*)::integer FROM pgq.leases WHERE id = ${lease}::uuid) AS leases,
               (SELECT value ->> 'n' FROM pgq.results WHERE job_id = ${id!}) AS value,
               (SELECT ran_ms FROM pgq.finished_jobs WHERE id = ${id!}) AS ran
      `
      assert.deepStrictEqual(left, { completions: 0, leases: 0, value: "7", ran: 12 })
      assert.strictEqual(yield* asked(other, lease, id!), "settled")
    }))

  it.effect("fails with its whole transaction if the lease was lost before", () =>
    Effect.gen(function*() {
      const { ids: [id], lease, queue, session } = yield* claimed([undefined])
      const other = yield* Session.open

      yield* session.begin
      yield* session.insert({ queue: `${queue} next` })
      yield* complete(session.sql, lease, id!)
      yield* other.settleOther({ lease, id: String(id), outcome: "released" })
      const error = yield* Effect.flip(session.commit)

      const left = yield* other.sql`SELECT id FROM pgq.jobs WHERE queue LIKE ${`${queue}%`}`
      assert.strictEqual(storeError("commit")(error).code, "PGQ03")
      assert.deepStrictEqual(left.map((row) => row["id"]), [id])
      assert.strictEqual(yield* asked(other, lease, id!), "lost")
    }))

  it.effect("passes the lane on within its lease, and then to the next claim", () =>
    Effect.gen(function*() {
      const { ids: [first, second], lease, queue, session, worker } = yield* claimed(["k", "k"])
      const third = yield* session.insert({ queue, key: "k" })

      yield* complete(session.sql, lease, first!)
      const beside = yield* session.claim({ queue, worker })
      yield* complete(session.sql, lease, second!)
      const next = yield* session.claim({ queue, worker })

      assert.deepStrictEqual([beside.ids, next.ids], [[], [third]])
    }))

  it.effect("is refused under another isolation level than READ COMMITTED", () =>
    Effect.gen(function*() {
      const { ids: [id], lease, session } = yield* claimed([undefined])

      yield* session.beginAt("REPEATABLE READ")
      yield* complete(session.sql, lease, id!)
      const error = storeError("commit")(yield* Effect.flip(session.commit))

      assert.strictEqual(error.code, "25001")
      assert.include(error.detail, "pgq works under READ COMMITTED, not REPEATABLE READ")
      assert.strictEqual(yield* asked(session, lease, id!), "leased")
    }))

  it.effect("finds pgq's tables whatever the session looks for, and may plan as it likes", () =>
    Effect.gen(function*() {
      const { ids: [id], lease, session: { begin, commit, sql } } = yield* claimed(["k"])

      yield* begin
      yield* complete(sql, lease, id!)
      yield* sql`
        SELECT set_config('search_path', 'pg_catalog', true),
               set_config('enable_indexscan', 'off', true), set_config('lock_timeout', '1', true)
      `
      yield* commit

      assert.strictEqual(yield* endOf(yield* Session.open, id!), "completed")
    }))

  it.effect("is one of many of a lease, whose commits take turns", () =>
    Effect.gen(function*() {
      const { ids: [first, second], lease, session } = yield* claimed([undefined, undefined])
      const [other, holder] = [yield* Session.open, yield* Session.open]
      yield* slowCommits(session.sql)

      yield* holder.sql`SELECT pg_advisory_lock(7)`
      yield* session.begin
      yield* complete(session.sql, lease, first!)
      yield* session.sql`INSERT INTO slow VALUES (false)`
      const committing = yield* Effect.forkChild(session.commit)
      yield* Session.someoneWaits
      const behind = yield* Effect.forkChild(complete(other.sql, lease, second!))
      yield* Session.waiters(2)
      // Longer than a settlement waits for a row.
      yield* Effect.sleep("300 millis")
      yield* holder.sql`SELECT pg_advisory_unlock(7)`
      yield* Fiber.join(committing)
      yield* Fiber.join(behind)

      const outcomes = [yield* endOf(holder, first!), yield* endOf(holder, second!)]
      assert.deepStrictEqual(outcomes, ["completed", "completed"])
      yield* holder.sql`DROP TABLE slow`
      yield* holder.sql`DROP FUNCTION be_slow`
    }))

  for (const [fails, answer] of [[false, "settled"], [true, "leased"]] as const) {
    it.effect(`that may still be committed is waited for: ${answer}`, () =>
      Effect.gen(function*() {
        const { ids: [id], lease, session } = yield* claimed([undefined])
        const [other, holder] = [yield* Session.open, yield* Session.open]
        yield* slowCommits(session.sql)

        yield* holder.sql`SELECT pg_advisory_lock(7)`
        yield* session.begin
        yield* complete(session.sql, lease, id!)
        yield* session.sql`INSERT INTO slow VALUES (${fails})`
        const committing = yield* Effect.forkChild(Effect.result(session.commit))
        yield* Session.someoneWaits
        const asking = yield* Effect.forkChild(asked(other, lease, id!))
        yield* Session.waiters(2)
        yield* holder.sql`SELECT pg_advisory_unlock(7)`
        const committed = yield* Fiber.join(committing)

        assert.strictEqual(committed._tag, fails ? "Failure" : "Success")
        assert.strictEqual(yield* Fiber.join(asking), answer)
        yield* holder.sql`DROP TABLE slow`
        yield* holder.sql`DROP FUNCTION be_slow`
      }))
  }

  it.effect("of two sessions with one lease is made by the first that commits", () =>
    Effect.gen(function*() {
      const { ids: [id], lease, session } = yield* claimed([undefined])
      const other = yield* Session.open

      yield* session.begin
      yield* complete(session.sql, lease, id!)
      const second = yield* Effect.forkChild(Effect.result(complete(other.sql, lease, id!)))
      yield* Session.someoneWaits
      yield* session.commit
      const result = yield* Fiber.join(second)

      assert.strictEqual(yield* endOf(session, id!), "completed")
      assert.strictEqual(result._tag === "Failure" && storeError("")(result.failure).code, "PGQ03")
    }))
})
