/**
 * The contract of the cooperative modes. Each `LockStrategy` runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import * as CooperativeMode from "../../src/domain/CooperativeMode.ts"
import type { ClaimedJob } from "../../src/domain/JobRecord.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { LockStrategy } from "../../src/services/LockStrategy.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../Given.ts"

export const suite = (
  name: string,
  strategy: Layer.Layer<JobRepo | WorkerRegistry, unknown>
) =>
  withLayer(strategy, { timeout: "60 seconds", excludeTestServices: true })(
    `LockStrategy (${name})`,
    (it) => {
      it.effect("says which mode it is, in users' words", () =>
        Effect.gen(function*() {
          const { mode } = yield* LockStrategy

          assert.match(CooperativeMode.format(mode), /^(row-lock|solo|advisory -?\d+(,-?\d+)?)$/)
        }))

      for (const perLaneMax of [0, 3]) {
        it.effect(`runs each job once and each key in order, with lane runs of ${perLaneMax}`, () =>
          Effect.gen(function*() {
            const queue = yield* queueName
            const watch = new Watch()
            const ids = yield* enqueue(
              queue,
              ...Array.from({ length: 200 }, (_, n) => ({
                key: n % 4 === 0 ? undefined : `key ${n % 7}`
              }))
            )

            yield* Effect.all(
              Array.from({ length: 8 }, () => work({ queue, perLaneMax, watch })),
              { concurrency: "unbounded" }
            )

            assert.deepStrictEqual(watch.faults, [])
            assert.deepStrictEqual(watch.started.toSorted(byId), ids)
            assert.isFalse(yield* JobRepo.use((repo) => repo.hasUnstarted([queue])))
          }))
      }
    }
  )

/** Claims, runs and completes jobs until no job waits for a worker. */
const work = Effect.fnUntraced(function*(options: {
  readonly queue: string
  readonly perLaneMax: number
  readonly watch: Watch
}) {
  const { perLaneMax, queue, watch } = options
  const repo = yield* JobRepo
  const worker = yield* workerOf(queue)
  while (yield* repo.hasUnstarted([queue])) {
    const jobs = yield* claim({ queue, worker, limit: 5, perLaneMax })
    watch.take(jobs)
    for (const job of jobs) {
      watch.start(job)
      yield* Effect.yieldNow
    }
    // The keys are given back before the settlement is sent, because another worker may claim the
    // next job of a lane before the settlement is answered.
    watch.giveBack(jobs)
    const lost = yield* settle(jobs, Settlement.Completed())
    if (lost.length > 0) watch.faults.push(`lost ${lost.join()}`)
    if (jobs.length === 0) yield* Effect.sleep("1 millis")
  }
})

/** Observes the running jobs without asking the store. */
class Watch {
  readonly started: Array<bigint> = []
  readonly faults: Array<string> = []
  readonly #keys = new Set<string>()
  readonly #latest = new Map<string, bigint>()

  take(jobs: ReadonlyArray<ClaimedJob>): void {
    for (const key of keysOf(jobs)) {
      if (this.#keys.has(key)) this.faults.push(`two leases of ${key} at once`)
      this.#keys.add(key)
    }
  }

  start({ id, key }: ClaimedJob): void {
    this.started.push(id)
    if (key === undefined) return
    if ((this.#latest.get(key) ?? 0n) >= id) this.faults.push(`${id} of ${key} out of order`)
    this.#latest.set(key, id)
  }

  giveBack(jobs: ReadonlyArray<ClaimedJob>): void {
    for (const key of keysOf(jobs)) this.#keys.delete(key)
  }
}

const keysOf = (jobs: ReadonlyArray<ClaimedJob>): ReadonlySet<string> =>
  new Set(jobs.flatMap(({ key }) => key ?? []))

const byId = (a: bigint, b: bigint): number => Number(a - b)
