/**
 * Workers that freeze or die, and the jobs that were leased to them.
 *
 * Tests `sql/0006_maintenance.sql` and `sql/0004_claim.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { ClaimedJob } from "../../../src/domain/JobRecord.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { finished, options, unfinished } from "../Live.ts"

/** Makes a worker dead, as if its lease had run out. Answers how many jobs a rescue gave back. */
const lose = Effect.fnUntraced(function*(worker: string) {
  const sql = yield* PgClient.PgClient
  // After a start of the server no worker is dead for the length of its lease. With a length of
  // zero, a recent start changes nothing.
  yield* sql`
    UPDATE pgq.workers SET lease = '0', lease_until = now() - interval '1 second'
    WHERE id = ${worker}::uuid
  `
  return yield* Scheduler.use(({ rescue }) => rescue)
})

layer(PgQueue.layer, options)("a lost lease", (it) => {
  const endings = {
    completes: Settlement.Completed(),
    fails: Settlement.Failed({ error: "stale", blocksLane: false }),
    releases: Settlement.Released()
  }
  for (const [ending, settlement] of Object.entries(endings)) {
    it.effect(`records a job once, under its successor, when a frozen worker ${ending} it`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [frozen, successor] = [yield* workerOf(queue), yield* workerOf(queue)]
        const [id] = yield* enqueue(queue, { key: "k" }, { key: "k" })
        const stale = yield* claim({ queue, worker: frozen })

        assert.strictEqual(yield* lose(frozen), 1)
        const [held] = yield* claim({ queue, worker: successor })
        const refusedEarly = yield* settle(stale, settlement)
        const accepted = yield* settle([held!], Settlement.Completed())
        const refusedLate = yield* settle(stale, settlement)

        assert.strictEqual(held!.id, id)
        assert.notStrictEqual(held!.lease, stale[0]!.lease)
        assert.deepStrictEqual([refusedEarly, accepted, refusedLate], [[id], [], [id]])
        const [job, ...others] = yield* finished(queue)
        assert.lengthOf(others, 0)
        assert.deepStrictEqual(
          [job?.id, job?.outcome, job?.lease_id, job?.error],
          [id, "completed", held!.lease, null]
        )
        assert.lengthOf(yield* unfinished(queue), 1)
      }))
  }

  it.effect("does not let its frozen worker claim", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const frozen = yield* workerOf(queue)
      yield* enqueue(queue, {})
      yield* lose(frozen)

      const error = yield* Effect.flip(claim({ queue, worker: frozen }))

      assert.strictEqual(error.code, "PGQ01")
      assert.deepStrictEqual((yield* unfinished(queue)).map(({ state }) => state), ["ready"])
    }))

  it.effect("makes suspects of its jobs: each has a lease of its own", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const dead = yield* workerOf(queue)
      yield* enqueue(queue, { name: "a" }, { name: "b" }, { name: "c", key: "k" })
      yield* claim({ queue, worker: dead })
      yield* lose(dead)
      yield* enqueue(queue, { name: "new 1" }, { name: "new 2" }, { name: "urgent", priority: 1 })

      const worker = yield* workerOf(queue)
      const claims = yield* Effect.forEach(
        [2, 3, 10],
        (slots) => claim({ queue, worker, limit: slots + 2, slots, perLaneMax: 5 })
      )

      // Each claim takes as many suspects as there are slots, and healthy jobs beside them.
      const names = claims.map((jobs) => jobs.map(({ name }) => name))
      assert.deepStrictEqual(names, [["urgent", "a", "b", "new 1"], ["c", "new 2"], []])
      const leases = claims.map((jobs) => new Set(jobs.map(({ lease }) => lease)).size)
      assert.deepStrictEqual(leases, [3, 2, 0])
    }))

  it.effect("keeps no healthy job from a free slot, however many its suspects are", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, ...Array.from({ length: 30 }, () => ({ name: "suspect" })))
      const held: Array<ClaimedJob> = []
      for (const _ of [1, 2]) {
        const dead = yield* workerOf(queue)
        held.push(...yield* claim({ queue, worker: dead, limit: 30, slots: 30 }))
        yield* lose(dead)
      }
      const worker = yield* workerOf(queue)
      const [alone] = yield* claim({ queue, worker, limit: 5 })
      yield* enqueue(queue, ...Array.from({ length: 4 }, () => ({ name: "healthy" })))

      const beside = yield* claim({ queue, worker, limit: 4 })

      assert.strictEqual(held.length, 60)
      assert.strictEqual(alone?.name, "suspect")
      assert.deepStrictEqual(beside.map(({ name }) => name), Array(4).fill("healthy"))
    }))

  it.effect("that was the second for its jobs has each run where no other suspect is", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {}, {}, {})
      for (const claims of [1, 3]) {
        const dead = yield* workerOf(queue)
        for (let n = 0; n < claims; n++) yield* claim({ queue, worker: dead })
        yield* lose(dead)
      }
      const one = yield* workerOf(queue)
      const two = yield* workerOf(queue)
      const ids = (worker: string) =>
        Effect.map(claim({ queue, worker }), (jobs) => jobs.map(({ id }) => id))

      const [a, b, c] = (yield* unfinished(queue)).map(({ id }) => id)
      const first = yield* claim({ queue, worker: one })
      const beside = yield* ids(one)
      const elsewhere = yield* ids(two)
      const [d] = yield* enqueue(queue, {})
      const unsuspected = yield* ids(one)
      yield* settle(first, Settlement.Completed())
      const after = yield* ids(one)

      assert.deepStrictEqual(first.map(({ id }) => id), [a])
      assert.deepStrictEqual([beside, elsewhere, unsuspected, after], [[], [b], [d], [c]])
    }))

  it.effect("that was the second for a job keeps those that saw one away from it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { name: "twice", priority: 1 })
      for (const _ of [1, 2]) {
        const dead = yield* workerOf(queue)
        yield* claim({ queue, worker: dead })
        yield* lose(dead)
      }
      const worker = yield* workerOf(queue)
      const twice = yield* claim({ queue, worker })
      const dead = yield* workerOf(queue)
      yield* enqueue(queue, { name: "once" }, { name: "once" })
      yield* claim({ queue, worker: dead })
      yield* lose(dead)

      const beside = yield* claim({ queue, worker })
      yield* settle(twice, Settlement.Completed())
      const after = yield* claim({ queue, worker })

      assert.deepStrictEqual(
        [twice, beside, after].map((jobs) => jobs.map(({ name }) => name)),
        [["twice"], [], ["once", "once"]]
      )
    }))

  it.effect("keeps suspects out of lane runs", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const dead = yield* workerOf(queue)
      yield* enqueue(queue, { name: "suspect", key: "k" })
      yield* claim({ queue, worker: dead })
      yield* lose(dead)
      yield* enqueue(
        queue,
        { name: "urgent", key: "k", priority: 5 },
        { name: "next", key: "k", priority: 4 },
        { name: "last", key: "k" }
      )

      const worker = yield* workerOf(queue)
      const leases = yield* Effect.forEach([1, 2, 3], () =>
        Effect.gen(function*() {
          const jobs = yield* claim({ queue, worker, perLaneMax: 5 })
          yield* settle(jobs, Settlement.Completed())
          return jobs.map(({ name }) => name)
        }))

      assert.deepStrictEqual(leases, [["urgent", "next"], ["suspect"], ["last"]])
    }))

  it.effect("fails a job that was in three of them as crashed, and its mates finish", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, { name: "poison" }, { name: "mate" }, {
        name: "behind",
        key: "k"
      })
      for (const crash of [1, 2, 3]) {
        const worker = yield* workerOf(queue)
        const jobs = yield* claim({ queue, worker })
        // After the second death, each suspect runs where no other suspect is.
        assert.lengthOf(jobs, crash < 3 ? 3 : 1)
        assert.strictEqual(jobs[0]!.attempt, 1)
        yield* lose(worker)
      }

      const worker = yield* workerOf(queue)
      for (const name of ["mate", "behind"]) {
        const jobs = yield* claim({ queue, worker })
        assert.deepStrictEqual(jobs.map((job) => job.name), [name])
        yield* settle(jobs, Settlement.Completed())
      }

      const jobs = yield* finished(queue)
      const crashed = jobs.find(({ outcome }) => outcome === "crashed")
      assert.deepStrictEqual([crashed?.id, crashed?.attempt], [ids[0], 0])
      assert.match(crashed?.error ?? "", /the worker died during this job, for the third time/)
      assert.lengthOf(jobs.filter(({ outcome }) => outcome === "completed"), 2)
    }))

  it.effect("lets the lane of a crashed job go on", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { name: "poison", key: "k" }, { name: "behind", key: "k" })
      for (const _ of [1, 2, 3]) {
        const worker = yield* workerOf(queue)
        yield* claim({ queue, worker })
        yield* lose(worker)
      }

      const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })

      assert.deepStrictEqual(jobs.map(({ name }) => name), ["behind"])
    }))
})
