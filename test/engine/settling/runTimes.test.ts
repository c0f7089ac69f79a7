/**
 * How long a run took, as history keeps it.
 *
 * Tests `sql/0005_settle.sql` and `src/layers/postgres/PgSettle.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue as add } from "../../../src/services/Enqueue.ts"
import { JobRepo, type Settled } from "../../../src/services/JobRepo.ts"
import { claim, enqueue, queueName, settled, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { finishedAll, options, start } from "../Live.ts"

const settle = (ends: ReadonlyArray<Settled>) => JobRepo.use((repo) => repo.settle(ends))

const failed = Settlement.Failed({ error: "no", blocksLane: false })

/** Claims the jobs of a new queue: those of two priorities, and a lane, in one lease. */
const claimed = Effect.gen(function*() {
  const queue = yield* queueName
  const worker = yield* workerOf(queue)
  yield* enqueue(queue, {}, { key: "a" }, { priority: 1 }, { key: "a" }, {}, { priority: 1 })
  const jobs = yield* claim({ queue, worker, perLaneMax: 10 })
  assert.lengthOf(jobs, 6)
  return { queue, jobs }
})

/** The run times of the finished jobs of a queue, by the ids of the jobs. */
const runTimes = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ id: bigint; ran_ms: number | null }>`
    SELECT id, ran_ms FROM pgq.finished_jobs WHERE queue = ${queue} ORDER BY id
  `
  return rows.map((row) => [row.id, row.ran_ms])
})

layer(PgQueue.layer, options)("run times", (it) => {
  it.effect("belong to their jobs, in whatever order these have ended", () =>
    Effect.gen(function*() {
      const { jobs, queue } = yield* claimed
      const ends = jobs.map((job, n) => ({
        ...settled(job, n % 3 === 2 ? failed : Settlement.Completed()),
        ranFor: Number(job.id) * 10 + 0.4
      }))

      yield* settle([...ends.slice(0, 2), ...ends.slice(2).toReversed()])

      const ids = jobs.map(({ id }) => id).toSorted((a, b) => Number(a - b))
      assert.deepStrictEqual(yield* runTimes(queue), ids.map((id) => [id, Number(id) * 10]))
    }))

  it.effect("belong to their jobs if others of the batch are settled already", () =>
    Effect.gen(function*() {
      const { jobs, queue } = yield* claimed
      const ends = jobs.map((job, n) => ({
        ...settled(job, Settlement.Completed()),
        ranFor: 100 + n
      }))

      yield* settle(ends.slice(1, 3))
      const { lost } = yield* settle(ends)

      assert.lengthOf(lost, 2)
      const expected = ends.map(({ id, ranFor }) => [id, ranFor])
        .toSorted(([a], [b]) => Number(BigInt(a!) - BigInt(b!)))
      assert.deepStrictEqual(yield* runTimes(queue), expected)
    }))

  it.effect("are unknown if nobody has said them, and bounded", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {}, {})
      const [first, second] = yield* claim({ queue, worker })

      yield* settle([settled(first!, Settlement.Completed())])
      yield* settle([{ ...settled(second!, Settlement.Completed()), ranFor: 1e12 }])

      assert.deepStrictEqual(yield* runTimes(queue), [
        [first!.id, null],
        [second!.id, 2_147_483_647]
      ])
    }))

  it.effect("are those of the handler, without the time in which the job waited for its turn", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const Nap = Job.make("nap")
      for (let n = 0; n < 4; n++) yield* add(Nap, undefined, { queue })

      yield* start(Nap.toLayer(() => Effect.sleep("50 millis")), {
        queues: [queue],
        concurrency: 1
      })
      const jobs = yield* finishedAll(queue, 4)

      for (const [id, ran] of yield* runTimes(queue)) {
        const { claimed_at, finished_at } = jobs.find((job) => job.id === id)!
        assert.isAtLeast(Number(ran), 49)
        assert.isAtMost(Number(ran), Number(finished_at) - Number(claimed_at) + 1)
      }
    }))
})
