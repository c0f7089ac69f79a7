/**
 * Jobs that become ready below the floors of a process. Each test keeps jobs above the floors, so
 * that no claim is empty: an empty claim looks everywhere by itself.
 *
 * Tests `src/layers/postgres/PgFloors.ts` and `src/layers/postgres/PgClaim.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, queueName, settle, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"

const fill = (session: Session.Session, queue: string, count: number) =>
  session.sql`
    INSERT INTO pgq.jobs (queue, name)
    SELECT ${queue}, 'test' FROM generate_series(1, ${count}::integer)
  `

/** So many jobs are a large claim, after which floors are used. */
const batch = 50

/** Claims and completes a batch of jobs. Answers with their ids. */
const work = Effect.fnUntraced(function*(of: { readonly queue: string; readonly worker: string }) {
  const jobs = yield* claim({ ...of, limit: batch })
  yield* settle(jobs, Settlement.Completed())
  return jobs.map(({ id }) => id)
})

/** Works until the job is found beside others. Fails if these come to an end before. */
const workUntil = Effect.fnUntraced(function*(
  of: { readonly queue: string; readonly worker: string },
  id: bigint
) {
  // The time of a look, by the test's clock.
  yield* TestClock.adjust("80 millis")
  let ids: ReadonlyArray<bigint>
  do {
    ids = yield* work(of)
    assert.lengthOf(ids, batch)
  } while (!ids.includes(id))
})

/** Waits until no look is under way, though one has been. */
const looked = Effect.fnUntraced(function*({ sql }: Session.Session) {
  let states: ReadonlyArray<{ readonly state: string }>
  do {
    states = yield* sql<{ state: string }>`
      SELECT state FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%jobs_below%' AND pid <> pg_backend_pid()
    `
  } while (states.length === 0 || states.some(({ state }) => state !== "idle"))
})

const ready = Effect.gen(function*() {
  const session = yield* Session.open
  const queue = yield* queueName
  const worker = yield* workerOf(queue)
  return { session, queue, worker }
})

layer(PgQueue.layer)("below the floors", (it) => {
  it.effect("claims do not look as long as there are jobs above", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* session.begin
      const id = yield* session.insert(of)
      yield* fill(yield* Session.open, of.queue, 500)
      const first = yield* work(of)
      yield* session.commit

      const next = yield* work(of)

      assert.lengthOf(next, batch)
      assert.notInclude(first, id)
      assert.notInclude(next, id)
    }))

  it.effect("small claims that are quick look everywhere", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      // The large claims of other tests are long over.
      yield* TestClock.adjust("11 seconds")
      yield* session.begin
      const id = yield* session.insert(of)
      yield* fill(yield* Session.open, of.queue, 100)
      yield* claim({ ...of, limit: 10 })
      yield* session.commit

      assert.strictEqual((yield* claim({ ...of, limit: 10 }))[0]?.id, id)
    }))

  it.effect("a job is found whose transaction commits late", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* session.begin
      const id = yield* session.insert(of)
      yield* fill(yield* Session.open, of.queue, 5000)
      yield* work(of)
      yield* session.commit

      yield* workUntil(of, id)
    }))

  it.effect("a job is found that another process has handed back", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* fill(session, of.queue, 5000)
      const { ids: [id], lease } = yield* session.claim({ ...of, limit: 1 })
      yield* work(of)
      yield* session.settleOther({ id: String(id), lease, outcome: "released" })

      yield* workUntil(of, id!)
    }))

  it.effect("a job is found that this process has handed back, by its next claim", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* fill(session, of.queue, 500)
      const jobs = yield* claim({ ...of, limit: 1 })
      yield* work(of)
      yield* settle(jobs, Settlement.Released())

      assert.include(yield* work(of), jobs[0]!.id)
    }))

  it.effect("a retried job is found above, behind the jobs that were ready when it came due", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* fill(session, of.queue, 2 * batch + 1)
      const jobs = yield* claim({ ...of, limit: 1 })
      const delay = Duration.zero
      yield* settle(jobs, Settlement.Retried({ error: "not yet", delay, holdsLane: false }))
      yield* Scheduler.use((scheduler) => scheduler.promote)

      assert.notInclude([...yield* work(of), ...yield* work(of)], jobs[0]!.id)
      assert.deepStrictEqual(yield* work(of), [jobs[0]!.id])
    }))

  it.effect("retried jobs that another process has leased take no room in a claim", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* fill(session, of.queue, 2 * batch)
      const retried = yield* session.claim({ ...of, limit: batch })
      yield* work(of)
      yield* session.sql`DELETE FROM pgq.leases WHERE id = ${retried.lease}::uuid`
      yield* session.asStep(`UPDATE pgq.jobs SET place = 900000 + id
                             WHERE id IN (${retried.ids.join()})`)
      const theirs = yield* session.claim({ ...of, limit: 20 })
      yield* session.sql`INSERT INTO pgq.jobs (queue, name, place)
                         SELECT ${of.queue}, 'test', 2000000 + n FROM generate_series(1, 50) AS n`

      assert.lengthOf(theirs.ids, 20)
      assert.lengthOf(yield* work(of), batch)
    }))

  it.effect("the next job of a lane is found by the next claim", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* session.insert({ ...of, key: "a" })
      const next = yield* session.insert({ ...of, key: "a" })
      yield* fill(session, of.queue, 500)
      yield* work(of)

      assert.include(yield* work(of), next)
    }))

  it.effect("the head of a lane is found by the next claim, though it was committed late", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* session.begin
      const id = yield* session.insert({ ...of, key: "a" })
      yield* fill(yield* Session.open, of.queue, 500)
      yield* work(of)
      yield* session.commit

      assert.include(yield* work(of), id)
    }))

  it.effect("a claim that began before a settlement sets no floor after it", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* session.insert({ ...of, key: "a" })
      const next = yield* session.insert({ ...of, key: "a" })
      yield* fill(session, of.queue, 500)
      const jobs = yield* claim({ ...of, limit: 1 })
      yield* work({ ...of })
      yield* session.begin
      yield* session
        .sql`SELECT pg_advisory_xact_lock(hashtext('pgq:claims'), hashtext(${of.queue}))`
      const claiming = yield* Effect.forkChild(work(of))
      yield* TestClock.withLive(Session.someoneWaits)
      yield* settle(jobs, Settlement.Completed())
      yield* session.rollback
      assert.notInclude(yield* Fiber.join(claiming), next)

      assert.include(yield* work(of), next)
    }))

  it.effect("a claim that began before a look ended does not undo the look", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      const other = yield* Session.open
      yield* other.begin
      const id = yield* other.insert(of)
      yield* fill(session, of.queue, 500)
      yield* work(of)
      yield* other.commit
      yield* TestClock.adjust("80 millis")
      yield* session.begin
      yield* session
        .sql`SELECT pg_advisory_xact_lock(hashtext('pgq:claims'), hashtext(${of.queue}))`
      const claiming = yield* Effect.forkChild(work(of))
      yield* TestClock.withLive(Session.someoneWaits)
      yield* looked(other)
      yield* session.rollback
      assert.notInclude(yield* Fiber.join(claiming), id)

      assert.include(yield* work(of), id)
    }))

  it.effect("a job is found whose priority was raised", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      const early = yield* session.insert({ ...of, priority: -1 })
      yield* fill(session, of.queue, 5000)
      yield* work(of)
      yield* session.sql`UPDATE pgq.jobs SET priority = 0 WHERE id = ${early}`

      yield* workUntil(of, early)
    }))

  it.effect("a job of a priority that is new is found by the next claim", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* fill(session, of.queue, 500)
      yield* work(of)
      const urgent = yield* session.insert({ ...of, priority: 1 })

      assert.strictEqual((yield* work(of))[0], urgent)
    }))

  it.effect("jobs are found whose ids began anew", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      yield* fill(session, of.queue, 500)
      yield* work(of)
      yield* session.sql`TRUNCATE pgq.jobs RESTART IDENTITY`.unprepared
      yield* fill(session, of.queue, 5)

      assert.deepStrictEqual(yield* work(of), [1n, 2n, 3n, 4n, 5n])
    }))

  it.effect("a claim does not look where a look was slow, and says so", () =>
    Effect.gen(function*() {
      const { session, ...of } = yield* ready
      const repo = yield* JobRepo
      const claimOnce = (isThorough: boolean) =>
        repo.claim({ ...of, queues: [of.queue], limit: 10, slots: 10, perLaneMax: 0, isThorough })
      const other = yield* Session.open
      yield* session.begin
      const id = yield* session.insert(of)
      yield* fill(other, of.queue, batch)
      yield* work(of)
      // The look takes ten milliseconds by the test's clock.
      yield* TestClock.adjust("80 millis")
      yield* other.begin
      yield* other.sql`LOCK TABLE pgq.leases`
      const looking = yield* Effect.forkChild(claimOnce(false))
      yield* TestClock.withLive(Session.waiters(2))
      yield* TestClock.adjust("10 millis")
      yield* other.rollback
      yield* Fiber.join(looking)
      // The answer to the look comes in its own time.
      while (!(yield* claimOnce(false)).hasPassedBy);
      yield* session.commit

      const quick = yield* claimOnce(false)
      const thorough = yield* claimOnce(true)

      assert.lengthOf(quick.jobs, 0)
      assert.deepStrictEqual(thorough.jobs.map((job) => job.id), [id])
      assert.isFalse(thorough.hasPassedBy)
    }))
})
