/**
 * Failures that are reported while other steps look at the same jobs.
 *
 * Tests `sql/0021_failure_reports.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import type * as Session from "../support/Session.ts"
import { retry } from "./ByOperators.ts"
import { setup } from "./Cancelling.ts"

/** A claimed job whose failure is reported. */
const given = Effect.gen(function*() {
  const { a, b, queue, worker } = yield* setup
  yield* a.sql`
    INSERT INTO pgq.failure_reports VALUES ('test', 'report') ON CONFLICT DO NOTHING
  `
  const id = yield* a.insert({ queue })
  const { lease } = yield* a.claim({ queue, worker })
  return {
    a,
    b,
    queue,
    worker,
    id,
    fails: { lease, id: String(id), outcome: "failed", error: "no" }
  }
})

const rescue = ({ sql }: Session.Session, worker: string) =>
  sql`SELECT * FROM pgq.leave(${worker}::uuid, true)`

/** The ids of the jobs that are reported. */
const reports = ({ sql }: Session.Session, queue: string) =>
  Effect.map(
    sql<{ id: string }>`
      SELECT payload ->> 'id' AS id FROM pgq.jobs WHERE queue = ${queue} AND name = 'report'
    `,
    (rows) => rows.map(({ id }) => BigInt(id))
  )

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("beside", (it) => {
  it.effect("a rescue, a settlement reports the failure once", () =>
    Effect.gen(function*() {
      const { a, b, fails, id, queue, worker } = yield* given

      yield* a.begin
      yield* a.settleOther(fails)
      yield* rescue(b, worker)
      const during = yield* reports(b, queue)
      yield* a.commit
      yield* rescue(b, worker)
      yield* b.settleOther(fails)

      assert.deepStrictEqual([during, yield* reports(b, queue)], [[], [id]])
    }))

  it.effect("a settlement that comes too late, a rescue reports the crash alone", () =>
    Effect.gen(function*() {
      const { a, b, fails, id, queue, worker } = yield* given
      yield* a.asStep(`UPDATE pgq.jobs SET crash_count = 2 WHERE id = ${id}`)

      yield* a.begin
      yield* rescue(a, worker)
      const refused = yield* Effect.exit(b.settleOther(fails))
      yield* a.commit
      yield* b.settleOther(fails)

      assert.strictEqual(refused._tag, "Failure")
      assert.deepStrictEqual(yield* reports(b, queue), [id])
      const [row] = yield* b.sql<{ outcome: string }>`
        SELECT payload ->> 'outcome' AS outcome FROM pgq.jobs WHERE queue = ${queue}
      `
      assert.strictEqual(row!.outcome, "crashed")
    }))

  it.effect("a settlement that is rolled back, there is no report until the next one", () =>
    Effect.gen(function*() {
      const { a, b, fails, id, queue } = yield* given

      yield* a.begin
      yield* a.settleOther(fails)
      yield* a.rollback
      const before = yield* reports(b, queue)
      yield* b.settleOther(fails)

      assert.deepStrictEqual([before, yield* reports(b, queue)], [[], [id]])
    }))

  it.effect("a retry, a settlement of the earlier life reports nothing", () =>
    Effect.gen(function*() {
      const { a, b, fails, id, queue } = yield* given
      yield* a.settleOther({ ...fails, outcome: "cancelled" })
      yield* retry(b, [id])

      yield* a.settleOther(fails)

      assert.deepStrictEqual(yield* reports(b, queue), [])
    }))

  it.effect("other ends of runs, the failure that blocks a lane is reported alone", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* given
      yield* b.insert({ queue, key: "k" })
      yield* b.insert({ queue })
      const { ids, lease } = yield* b.claim({ queue, worker })
      for (const [nth, id] of ids.entries()) {
        const outcome = nth === 0 ? "blocked" : "retried"
        yield* a.settleOther({
          lease,
          id: String(id),
          outcome,
          delay: 60,
          holds: true,
          error: "no"
        })
      }

      assert.deepStrictEqual(yield* reports(b, queue), [ids[0]!])
    }))

  it.effect("two names that report each other, a failure is reported once", () =>
    Effect.gen(function*() {
      const { a, b, fails, id, queue, worker } = yield* given
      yield* a.begin
      yield* a.sql`INSERT INTO pgq.failure_reports VALUES ('test', 'other'), ('other', 'test')
        ON CONFLICT (name) DO UPDATE SET report_name = excluded.report_name`
      yield* a.sql`UPDATE pgq.jobs SET name = 'other' WHERE id = ${id}`
      yield* a.settleOther(fails)
      const { ids } = yield* a.claim({ queue, worker })
      yield* a.rollback

      assert.deepStrictEqual(ids, [])
      assert.deepStrictEqual(yield* reports(b, queue), [])
    }))
})
