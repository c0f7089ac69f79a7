/**
 * How runs are settled, which settlements are refused, and which ones use an attempt.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import {
  claim,
  enqueue,
  eventually,
  queueName,
  runAll,
  settle,
  settled,
  workerOf
} from "../../Given.ts"

export const settling = (it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>) => {
  it.effect("settles several jobs of several leases at once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "a" }, { name: "b" }, { name: "c" }, { name: "d" })
      const first = yield* claim({ queue, worker, limit: 2 })
      const second = yield* claim({ queue, worker, limit: 2 })

      const settling = yield* JobRepo.use((repo) =>
        repo.settle([
          settled(second[0]!, Settlement.Released()),
          settled(first[0]!, Settlement.Completed()),
          settled(second[1]!, Settlement.Failed({ error: "no", blocksLane: false })),
          settled(first[1]!, Settlement.Completed())
        ])
      )

      assert.deepStrictEqual([settling.lost, settling.rowLocked], [[], []])
      assert.deepStrictEqual(yield* runAll({ queue, worker }), ["c"])
    }))

  for (const end of ["leave", "reportDead"] as const) {
    it.effect(`turns away a settlement from a lease lost by ${end}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const registry = yield* WorkerRegistry
        const stale = yield* workerOf(queue)
        yield* enqueue(queue, { key: "k" })
        const [lostJob] = yield* claim({ queue, worker: stale })
        yield* registry[end](stale)
        const held = yield* claim({ queue, worker: yield* workerOf(queue) })

        const { lost: [lost] } = yield* JobRepo.use((repo) =>
          repo.settle([settled(lostJob!, Settlement.Completed())])
        )

        assert.strictEqual(lost?._tag, "ClaimLost")
        assert.deepStrictEqual([lost?.id, lost?.lease], [lostJob?.id, lostJob?.lease])
        assert.strictEqual(held.length, 1)
        assert.deepStrictEqual(yield* settle(held, Settlement.Completed()), [])
      }))
  }

  it.effect("turns away whatever is not in its lease, unless it is sent again", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const stale = yield* workerOf(queue)
      yield* enqueue(queue, {})
      const claimed = yield* claim({ queue, worker: stale })
      yield* WorkerRegistry.use((registry) => registry.reportDead(stale))
      yield* runAll({ queue, worker: yield* workerOf(queue) })

      const ids = claimed.map(({ id }) => id)
      assert.lengthOf(ids, 1)
      assert.deepStrictEqual(yield* settle(claimed, Settlement.Completed()), ids)
      const again = yield* settle(claimed, Settlement.Completed(), { isRepeat: true })
      assert.deepStrictEqual(again, [])
    }))

  it.effect("accepts the rest of a batch of which one job was lost", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "a" }, { name: "b" })
      const claimed = yield* claim({ queue, worker })
      yield* settle([claimed[0]!], Settlement.Released())

      const lost = yield* settle(claimed, Settlement.Completed())

      assert.deepStrictEqual(lost, [claimed[0]!.id])
      assert.deepStrictEqual(yield* runAll({ queue, worker }), ["a"])
    }))

  it.effect("turns away a settlement from an earlier lease of the same worker", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})
      const stale = yield* claim({ queue, worker })
      yield* settle(stale, Settlement.Released())
      const held = yield* claim({ queue, worker })

      assert.deepStrictEqual(yield* settle(stale, Settlement.Completed()), [stale[0]!.id])
      assert.deepStrictEqual(yield* settle(held, Settlement.Completed()), [])
    }))

  for (
    const settlement of [
      Settlement.Completed(),
      Settlement.Failed({ error: "no", blocksLane: false }),
      Settlement.Cancelled({ error: "not wanted" })
    ]
  ) {
    it.effect(`takes ${settlement._tag} a second time for what it is`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { key: "k" }, { key: "k" })
        const claimed = yield* claim({ queue, worker })
        yield* settle(claimed, settlement)
        const next = yield* claim({ queue, worker })

        const lost = yield* settle(claimed, settlement, { isRepeat: true })

        assert.deepStrictEqual(lost, [])
        assert.strictEqual(next.length, 1)
        assert.deepStrictEqual(yield* claim({ queue, worker }), [])
        assert.deepStrictEqual(yield* settle(next, Settlement.Completed()), [])
      }))
  }

  for (
    const settlement of [
      Settlement.Released(),
      Settlement.Retried({ error: "not yet", delay: Duration.millis(1), holdsLane: true }),
      Settlement.Snoozed({ error: "not yet", delay: Duration.millis(1), holdsLane: true }),
      Settlement.Unhandled({ error: "not here", delay: Duration.millis(1) })
    ]
  ) {
    it.effect(`turns away ${settlement._tag} a second time, and changes nothing`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { key: "k" })
        const claimed = yield* claim({ queue, worker })
        yield* settle(claimed, settlement)

        const lost = yield* settle(claimed, settlement, { isRepeat: true })

        const [again] = yield* claimOnceReady({ queue, worker })
        assert.deepStrictEqual(lost, [claimed[0]!.id])
        assert.strictEqual(again!.attempt, settlement._tag === "Retried" ? 2 : 1)
        assert.strictEqual(again!.unhandledCount, settlement._tag === "Unhandled" ? 1 : 0)
        assert.strictEqual(again!.snoozeCount, settlement._tag === "Snoozed" ? 1 : 0)
        assert.deepStrictEqual(yield* settle([again!], Settlement.Completed()), [])
      }))
  }

  it.effect("counts an attempt for each retry, none for a release", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})

      const first = yield* claim({ queue, worker })
      yield* settle(first, Settlement.Released())
      const second = yield* claim({ queue, worker })
      yield* settle(second, retried("1 milli"))
      const third = yield* claimOnceReady({ queue, worker })
      yield* settle(third, Settlement.Released())
      const fourth = yield* claim({ queue, worker })

      const attempts = [first, second, third, fourth].map(([job]) => job?.attempt)
      assert.deepStrictEqual(attempts, [1, 1, 2, 2])
    }))

  for (const [tag, later] of [["retried", retried], ["snoozed", snoozed]] as const) {
    it.effect(`keeps a ${tag} job back until its delay is over`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, {})

        yield* settle(yield* claim({ queue, worker }), later("1 hour"))
        yield* Scheduler.use((scheduler) => scheduler.promote)

        assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      }))

    it.effect(`puts a ${tag} job behind the jobs that are ready when it comes due`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "first" })
        yield* settle(yield* claim({ queue, worker }), later("1 millis"))
        yield* enqueue(queue, { name: "before it is due" }, { name: "urgent", priority: 1 })
        yield* promoteOne
        yield* enqueue(queue, { name: "after it is due" })

        assert.deepStrictEqual(yield* runAll({ queue, worker }), [
          "urgent",
          "before it is due",
          "first",
          "after it is due"
        ])
      }))
  }

  it.effect("keeps the order of a lane whose head was retried, behind the other jobs", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "a1", key: "a" }, { name: "a2", key: "a" })
      yield* settle(yield* claim({ queue, worker, limit: 1 }), retried("1 millis"))
      yield* enqueue(queue, { name: "b1", key: "b" }, { name: "c" })
      yield* promoteOne

      const jobs = yield* claim({ queue, worker, perLaneMax: 5 })

      assert.deepStrictEqual(jobs.map(({ name }) => name), ["b1", "c", "a1", "a2"])
    }))

  it.effect("counts how often a job was unhandled, and uses no attempt", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})
      const unhandled = Settlement.Unhandled({ error: "not here", delay: Duration.millis(1) })

      yield* settle(yield* claim({ queue, worker }), unhandled)
      yield* settle(yield* claimOnceReady({ queue, worker }), unhandled)

      const [job] = yield* claimOnceReady({ queue, worker })
      assert.deepStrictEqual([job?.attempt, job?.unhandledCount], [1, 2])
    }))

  for (const key of [undefined, "k"]) {
    for (const holdsLane of [true, false]) {
      const which = `${key === undefined ? "without" : "with"} a key, lane held: ${holdsLane}`
      it.effect(`counts the snoozes of a job ${which}, and uses no attempt`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, { key })
          const next = claimOnceReady({ queue, worker })
          const unhandled = Settlement.Unhandled({ error: "not here", delay: Duration.millis(1) })
          const counts = []

          for (
            const settlement of [
              snoozed("1 millis", holdsLane),
              snoozed("1 millis", holdsLane),
              snoozed("1 millis", holdsLane),
              unhandled,
              Settlement.Released(),
              retried("1 millis"),
              snoozed("1 millis", holdsLane)
            ]
          ) {
            const jobs = yield* next
            counts.push([jobs[0]?.attempt, jobs[0]?.snoozeCount])
            yield* settle(jobs, settlement)
          }
          const [last] = yield* next

          assert.deepStrictEqual([...counts, [last?.attempt, last?.snoozeCount]], [
            [1, 0],
            [1, 1],
            [1, 2],
            [1, 3],
            [1, 3],
            [1, 3],
            [2, 0],
            [2, 1]
          ])
        }))
    }
  }

  for (
    const settlement of [
      Settlement.Cancelled({ error: "not wanted" }),
      Settlement.Failed({ error: "no", blocksLane: false })
    ]
  ) {
    it.effect(`does not run a job again that is ${settlement._tag}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { name: "a" }, { name: "b" }, { name: "c", key: "k" }, {
          name: "d",
          key: "k"
        })
        const claimed = yield* claim({ queue, worker, limit: 3 })
        const ended = claimed.filter(({ name }) => name !== "b")

        assert.deepStrictEqual(yield* settle(ended, settlement), [])
        yield* settle(claimed.filter(({ name }) => name === "b"), Settlement.Released())
        yield* Scheduler.use((scheduler) => scheduler.promote)

        assert.deepStrictEqual(yield* runAll({ queue, worker }), ["b", "d"])
      }))
  }

  it.effect("takes a job that was snoozed for one that killed no worker", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const dead = yield* workerOf(queue)
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})
      yield* claim({ queue, worker: dead })
      yield* WorkerRegistry.use((registry) => registry.reportDead(dead))
      const suspect = yield* claim({ queue, worker })

      yield* settle(suspect, snoozed("1 millis"))

      const again = yield* claimOnceReady({ queue, worker })
      assert.deepStrictEqual([...suspect, ...again].map(({ isSuspect }) => isSuspect), [
        true,
        false
      ])
    }))

  it.effect("makes the jobs of a worker that is reported dead claimable at once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const dead = yield* workerOf(queue)
      yield* enqueue(queue, { name: "a" }, { name: "b", key: "k" }, { name: "c", key: "k" })
      yield* claim({ queue, worker: dead, perLaneMax: 5 })

      yield* WorkerRegistry.use((registry) => registry.reportDead(dead))

      const names = yield* runAll({ queue, worker: yield* workerOf(queue) })
      assert.deepStrictEqual(names.toSorted(), ["a", "b", "c"])
      assert.isBelow(names.indexOf("b"), names.indexOf("c"))
    }))
}

/** Waits until a delayed job has become ready. */
const promoteOne = eventually(
  Effect.filterOrFail(
    Scheduler.use((scheduler) => scheduler.promote),
    ({ promoted }) => promoted > 0
  )
)

const retried = (delay: Duration.Input) =>
  Settlement.Retried({
    error: "not yet",
    delay: Duration.fromInputUnsafe(delay),
    holdsLane: true
  })

const snoozed = (delay: Duration.Input, holdsLane = true) =>
  Settlement.Snoozed({
    error: "not yet",
    delay: Duration.fromInputUnsafe(delay),
    holdsLane
  })

/** Promotes due jobs until a claim takes a job. */
const claimOnceReady = (options: { readonly queue: string; readonly worker: string }) =>
  eventually(Effect.gen(function*() {
    yield* Scheduler.use((scheduler) => scheduler.promote)
    const claimed = yield* claim(options)
    assert.isNotEmpty(claimed)
    return claimed
  }))
