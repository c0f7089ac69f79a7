/**
 * Each reason for which a job waits is told, and what the reason advises makes the job run.
 *
 * Tests `sql/0018_why.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../../support/PgQueue.ts"
import type * as Session from "../../support/Session.ts"
import { codes, runs, setup, why } from "./Reasons.ts"

const settled = (session: Session.Session, lease: string, id: bigint, other: object) =>
  session.settleOther({ lease, id: String(id), delay: 3600, error: "no luck", ...other })

const insertForLater = ({ sql }: Session.Session, queue: string) =>
  Effect.map(
    sql<{ id: bigint }>`
      INSERT INTO pgq.jobs (queue, name, run_at)
      VALUES (${queue}, 'test', now() + interval '1 hour') RETURNING id
    `,
    ([row]) => row!.id
  )

const retry = ({ sql }: Session.Session, id: bigint) =>
  Effect.map(
    sql<{ outcome: string }>`SELECT pgq.retry(${id}::bigint) AS outcome`,
    ([row]) => row!.outcome
  )

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("why", (it) => {
  it.effect("says that there is no such job", () =>
    Effect.gen(function*() {
      const { a } = yield* setup
      assert.deepStrictEqual(yield* codes(a, -1n), ["unknown"])
    }))

  it.effect("says how a job has ended, and a retry queues it again", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const worker = yield* a.worker(queue)
      const id = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* settled(a, lease, id, { outcome: "failed", error: "card declined\n at line 1" })

      const [reason] = yield* why(a, id)
      assert.strictEqual(reason?.code, "finished")
      assert.strictEqual(reason?.detail, "it has failed for good: card declined")
      assert.strictEqual(reason?.advice, `pgq retry ${id} queues it again`)

      yield* a.sql`DELETE FROM pgq.workers WHERE id = ${worker}::uuid`
      assert.strictEqual(yield* retry(a, id), "redriven")
      yield* runs(a, { id, queue })
    }))

  it.effect("says that a job waits for its time, and a retry starts it", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const id = yield* insertForLater(a, queue)
      const [reason, ...others] = yield* why(a, id)
      assert.strictEqual(reason?.code, "scheduled")
      assert.isTrue(reason?.isUntil)
      assert.deepStrictEqual(others.map(({ code }) => code), ["no-worker"])

      yield* retry(a, id)
      yield* runs(a, { id, queue })
    }))

  const laters = [
    ["retried", { holds: false }, "between-tries", "it has failed 1 times: no luck"],
    ["snoozed", { holds: false }, "snoozed", "its handler has put it off 1 times: no luck"],
    [
      "unhandled",
      { error: "no handler for \"test\" in the worker that claimed it" },
      "unknown-name",
      "1 claims found no handler for \"test\""
    ]
  ] as const
  for (const [outcome, more, code, detail] of laters) {
    it.effect(`says that a job is ${code}, and a retry starts it`, () =>
      Effect.gen(function*() {
        const { a, queue } = yield* setup
        const worker = yield* a.worker(queue)
        const id = yield* a.insert({ queue })
        const { lease } = yield* a.claim({ queue, worker })
        yield* settled(a, lease, id, { outcome, ...more })

        const [reason] = yield* why(a, id)
        assert.strictEqual(reason?.code, code)
        assert.strictEqual(reason?.detail, detail)

        yield* retry(a, id)
        yield* runs(a, { id, queue })
      }))
  }

  it.effect("follows a key to the job that blocks it, and a retry lets both go on", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const worker = yield* a.worker(queue)
      const [head, id] = [
        yield* a.insert({ queue, key: "k" }),
        yield* a.insert({ queue, key: "k" })
      ]
      const { lease } = yield* a.claim({ queue, worker })
      yield* settled(a, lease, head, { outcome: "blocked", holds: true })

      const reasons = yield* why(a, id)
      assert.deepStrictEqual(
        reasons.map(({ code, job_id }) => [code, job_id]),
        [["behind-key", head], ["blocked", head]]
      )

      yield* a.sql`SELECT pgq.discard(${head}::bigint)`
      yield* runs(a, { id, queue })
    }))

  it.effect("says that the next claim chooses a head, and it does", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const id = yield* a.insert({ queue, key: "k" })
      assert.deepStrictEqual(yield* codes(a, id), ["no-token", "no-worker"])
      yield* runs(a, { id, queue })
    }))

  it.effect("says that no worker takes the queue, and none has a handler", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const id = yield* a.insert({ queue })
      const [first] = yield* why(a, id)
      assert.strictEqual(first?.code, "no-worker")
      assert.strictEqual(first?.advice, `pgq start --queue ${queue}`)

      const worker = yield* a.worker(queue)
      yield* a.sql`UPDATE pgq.workers SET names = '{other}' WHERE id = ${worker}::uuid`
      assert.deepStrictEqual(yield* codes(a, id), ["no-handler"])
      yield* runs(a, { id, queue })
    }))

  it.effect("says that all workers are busy, or stop", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const worker = yield* a.worker(queue)
      yield* a.insert({ queue })
      yield* a.claim({ queue, worker })
      const id = yield* a.insert({ queue })
      assert.deepStrictEqual(yield* codes(a, id), ["workers-busy"])

      yield* a.sql`UPDATE pgq.workers SET is_stopping = true WHERE id = ${worker}::uuid`
      assert.deepStrictEqual(yield* codes(a, id), ["workers-stopping"])
      yield* runs(a, { id, queue })
    }))

  it.effect("counts the jobs that go first, and an edit moves the job forward", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      yield* a.worker(queue)
      yield* a.insert({ queue, priority: 1 })
      yield* a.insert({ queue })
      const id = yield* a.insert({ queue })
      const [reason] = yield* why(a, id)
      assert.strictEqual(reason?.code, "more-urgent")
      assert.strictEqual(reason?.detail, "2 ready jobs of its queue go first")

      yield* a.sql`SELECT pgq.edit(${id}, priority => 2)`
      assert.deepStrictEqual(yield* codes(a, id), ["ready"])
      yield* runs(a, { id, queue })
    }))

  it.effect("says who has locked the row of a job", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      yield* a.worker(queue)
      const id = yield* a.insert({ queue })
      yield* b.begin
      yield* b.sql`SELECT FROM pgq.jobs WHERE id = ${id} FOR UPDATE`
      const [reason] = yield* why(a, id)
      assert.strictEqual(reason?.code, "held")
      assert.match(reason?.detail ?? "", /has locked its row: SELECT FROM pgq.jobs/)

      yield* b.commit
      assert.deepStrictEqual(yield* codes(a, id), ["ready"])
      yield* runs(a, { id, queue })
    }))

  it.effect("says which job of a worker runs, and which one waits in it", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const worker = yield* a.worker(queue)
      const first = yield* a.insert({ queue, key: "k" })
      const [next, other] = [
        yield* a.insert({ queue, key: "k" }),
        yield* a.insert({ queue })
      ]
      yield* a.claim({ queue, worker, perLaneMax: 10 })
      assert.deepStrictEqual(yield* codes(a, first), ["running"])
      assert.deepStrictEqual(yield* codes(a, next), ["prefetched"])
      assert.deepStrictEqual(yield* codes(a, other), ["prefetched"])

      yield* a.sql`SELECT pgq.cancel(${other}::bigint, 'not wanted')`
      const [reason] = yield* why(a, other)
      assert.strictEqual(reason?.code, "cancel-requested")
      assert.match(reason?.detail ?? "", / has asked to stop it: not wanted$/)
    }))

  it.effect("says that a suspect runs with care", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      yield* a.worker(queue)
      const id = yield* a.insert({ queue })
      yield* a.asStep(`UPDATE pgq.jobs SET crash_count = 2 WHERE id = ${id}`)
      const [reason] = yield* why(a, id)
      assert.strictEqual(reason?.code, "suspect")
      yield* runs(a, { id, queue })
    }))

  it.effect("says that a due job is not made ready", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const id = yield* insertForLater(a, queue)
      yield* a.asStep(`UPDATE pgq.jobs SET run_at = now() - interval '3 s' WHERE id = ${id}`)
      const [reason] = yield* why(a, id)
      assert.strictEqual(reason?.code, "due-not-promoted")
      yield* runs(a, { id, queue })
    }))

  it.effect("says who has the advisory lock of a worker", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const worker = yield* a.worker(queue)
      yield* a.sql`UPDATE pgq.workers SET mode = 'advisory -7,9' WHERE id = ${worker}::uuid`
      const id = yield* a.insert({ queue })
      yield* b.sql`SELECT pg_advisory_lock(-7, 9)`
      assert.deepStrictEqual(yield* codes(a, id), ["ready"])
      yield* a.sql`SELECT pg_sleep(1.1)`

      assert.deepStrictEqual(yield* codes(a, id), ["claims-locked"])
      yield* b.sql`SELECT pg_advisory_unlock(-7, 9)`
      yield* runs(a, { id, queue })
    }))

  it.effect("names the pause of a queue, and the resume lets the job go on", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      yield* a.worker(queue)
      const id = yield* a.insert({ queue })
      yield* a.sql`SELECT pgq.pause(${queue}, reason => 'SES is down')`
      const [reason] = yield* why(a, id)
      assert.strictEqual(reason?.code, "queue-paused")
      assert.match(reason?.detail ?? "", /^queue \S+ is paused by \S+: SES is down$/)
      assert.strictEqual(reason?.advice, `pgq resume ${queue}`)

      yield* a.sql`SELECT pgq.resume(${queue})`
      yield* runs(a, { id, queue })
    }))

  it.effect("names the pause of a name, also of a job that was set aside", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const worker = yield* a.worker(queue)
      const id = yield* a.insert({ queue })
      yield* a.sql`SELECT pgq.pause(${queue}, 'test')`
      assert.deepStrictEqual(yield* codes(a, id), ["name-paused"])
      assert.deepStrictEqual((yield* a.claim({ queue, worker })).ids, [])
      assert.deepStrictEqual(yield* codes(a, id), ["name-paused"])

      yield* a.sql`SELECT pgq.resume(${queue}, 'test')`
      assert.deepStrictEqual(yield* codes(a, id), ["set-aside"])
      yield* retry(a, id)
      yield* runs(a, { id, queue })
    }))

  it.effect("says when a job expires", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      yield* a.worker(queue)
      const [row] = yield* a.sql<{ id: bigint }>`
        INSERT INTO pgq.jobs (queue, name, expires_at)
        VALUES (${queue}, 'test', now() + interval '1 hour') RETURNING id
      `
      assert.deepStrictEqual(yield* codes(a, row!.id), ["ready", "expires"])
      yield* runs(a, { id: row!.id, queue })
    }))

  it.effect("names a transaction that is open for long", () =>
    Effect.gen(function*() {
      const { a, b } = yield* setup
      yield* b.beginAt("REPEATABLE READ")
      yield* b.sql`SELECT 1`
      const [row] = yield* a.sql<{ code: string }>`
        SELECT r.code FROM unnest(pgq.why_slow('0 seconds')) AS r
      `
      yield* b.commit
      assert.strictEqual(row?.code, "xmin-pinned")
    }))

  it.effect("says that a worker is late", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const worker = yield* a.worker(queue)
      const id = yield* a.insert({ queue })
      yield* a.claim({ queue, worker })
      yield* a.sql`UPDATE pgq.workers SET lease_until = now() WHERE id = ${worker}::uuid`
      assert.deepStrictEqual(yield* codes(a, id), ["running", "late-worker"])
    }))

  it.effect("says of a queue what its next job waits for", () =>
    Effect.gen(function*() {
      const { a, queue } = yield* setup
      const ask = Effect.map(
        a.sql<{ code: string }>`SELECT code FROM pgq.why_queue(${queue})`,
        (rows) => rows.map(({ code }) => code)
      )
      assert.deepStrictEqual(yield* ask, ["empty"])
      yield* a.insert({ queue, key: "k" })
      assert.deepStrictEqual(yield* ask, ["no-token", "no-worker"])
    }))
})
