/**
 * Jobs that were snoozed, cancelled or failed, as the tables have them.
 *
 * Tests `sql/0005_settle.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, enqueue, eventually, queueName, settle, settled, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { finished, options, unfinished } from "../Live.ts"

const failed = Settlement.Failed({ error: "no", blocksLane: false })
const cancelled = Settlement.Cancelled({ error: "not wanted" })
const snoozed = (delay: Duration.Duration, holdsLane: boolean) =>
  Settlement.Snoozed({ error: "not yet", delay, holdsLane })

const anHour = Duration.hours(1)

/** A retry that is due at once, and the next claim of its job. */
const tryAgain = Effect.fnUntraced(
  function*(job: Parameters<typeof settled>[0], options: Parameters<typeof claim>[0]) {
    const delay = Duration.millis(1)
    yield* settle([job], Settlement.Retried({ error: "again", delay, holdsLane: true }))
    const [again] = yield* eventually(Effect.gen(function*() {
      yield* Scheduler.use((scheduler) => scheduler.promote)
      const claimed = yield* claim(options)
      assert.isNotEmpty(claimed)
      return claimed
    }))
    return again!
  }
)

/** The jobs of a queue that have not finished. */
const rows = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  return yield* sql`
    SELECT state, failures, crash_count, snooze_count, error, run_at > now() AS is_later
    FROM pgq.job_states WHERE queue = ${queue} ORDER BY id
  `
})

layer(PgQueue.layer, options)("the tables", (it) => {
  for (const key of [undefined, "k"]) {
    const which = key === undefined ? "without a key" : "with a key"
    for (const holdsLane of [true, false]) {
      it.effect(`have a snoozed job ${which}, lane held: ${holdsLane}`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, { key })

          yield* settle(yield* claim({ queue, worker }), snoozed(anHour, holdsLane))

          assert.deepStrictEqual(yield* rows(queue), [{
            state: holdsLane ? "retry" : "scheduled",
            failures: 0,
            crash_count: 0,
            snooze_count: 1,
            error: "not yet",
            is_later: true
          }])
          assert.lengthOf(yield* finished(queue), 0)
        }))
    }

    for (const [settlement, attempts] of [[cancelled, [0, 1]], [failed, [1, 2]]] as const) {
      it.effect(`have the attempts and the error of a job ${which} that is ${settlement._tag}`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, { key })
          yield* settle(yield* claim({ queue, worker }), settlement)
          yield* enqueue(queue, { key })
          const [tried] = yield* claim({ queue, worker })
          yield* settle([yield* tryAgain(tried!, { queue, worker })], settlement)

          assert.deepStrictEqual(
            (yield* finished(queue)).map(({ attempt, error, outcome }) => [
              outcome,
              attempt,
              error
            ]),
            attempts.map((attempt) => [
              settlement._tag === "Cancelled" ? "cancelled" : "failed",
              attempt,
              settlement.error
            ])
          )
          assert.lengthOf(yield* unfinished(queue), 0)
        }))
    }
  }

  it.effect("have no count of snoozes for a job that was never snoozed, or has failed since", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {}, {}, {})
      const [plain, retried, blocked] = yield* claim({ queue, worker })
      yield* settle([retried!, blocked!], snoozed(Duration.zero, true))
      const later = yield* eventually(Effect.gen(function*() {
        yield* Scheduler.use((scheduler) => scheduler.promote)
        const claimed = yield* claim({ queue, worker })
        assert.lengthOf(claimed, 2)
        return claimed
      }))

      yield* settle([later[0]!], Settlement.Retried({ error: "", delay: anHour, holdsLane: true }))
      yield* settle([later[1]!], Settlement.Failed({ error: "", blocksLane: true }))
      yield* settle([plain!], Settlement.Unhandled({ error: "", delay: anHour }))

      const counts = (yield* rows(queue)).map(({ snooze_count }) => snooze_count)
      assert.deepStrictEqual(counts, [null, null, null])
    }))

  it.effect("have a new head in the lane of a job that is cancelled in its run", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "k" }, { key: "k" })
      const first = yield* claim({ queue, worker })

      yield* settle(first, cancelled)

      const next = yield* claim({ queue, worker })
      assert.deepStrictEqual([first.length, next.length], [1, 1])
      assert.isAbove(Number(next[0]!.id), Number(first[0]!.id))
    }))

  it.effect("have each outcome of a batch of several leases", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, ...Array.from({ length: 12 }, (_, n) => ({ name: String(n) })))
      const first = yield* claim({ queue, worker, limit: 6 })
      const second = yield* claim({ queue, worker, limit: 6 })
      const ends = [failed, cancelled, Settlement.Completed(), snoozed(anHour, false)]
      const jobs = [...first, ...second]

      const { lost } = yield* JobRepo.use((repo) =>
        repo.settle(jobs.map((job, n) => settled(job, ends[n % 4]!)).toReversed())
      )

      const outcomes = (yield* finished(queue)).toSorted((a, b) => Number(a.name) - Number(b.name))
        .map(({ error, lease_id, name, outcome }) => [name, outcome, error, lease_id])
      const expected = jobs.flatMap(({ lease, name }, n) =>
        n % 4 === 0
          ? [[name, "failed", "no", lease]]
          : n % 4 === 1
          ? [[name, "cancelled", "not wanted", lease]]
          : n % 4 === 2
          ? [[name, "completed", null, lease]]
          : []
      )
      assert.deepStrictEqual(lost, [])
      assert.deepStrictEqual(outcomes, expected)
      assert.lengthOf(yield* unfinished(queue), 3)
    }))
})
