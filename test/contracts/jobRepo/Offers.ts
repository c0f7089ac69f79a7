/**
 * Offers unique jobs to a store, and looks at what became of them.
 */
import { type Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import type { OfferedJob, Wish } from "../../../src/domain/Unique.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, jobOf, settle, workerOf } from "../../Given.ts"

export type Wanted = Partial<Wish> & {
  readonly payload?: string
  readonly laneKey?: string
  readonly priority?: number
  readonly delay?: Duration.Duration
  readonly expiresIn?: Duration.Duration
  readonly name?: string
}

export const wantedOf = (queue: string, wanted: Wanted = {}): OfferedJob => {
  const { delay, expiresIn, laneKey, name = queue, payload = "{}", priority, ...wish } = wanted
  return {
    ...jobOf(queue, { name, payload, key: laneKey, priority, delay, expiresIn }),
    unique: { key: "u", isScoped: false, mode: "keep", ...wish }
  }
}

export const offerAll = (queue: string, ...jobs: ReadonlyArray<Wanted>) =>
  JobRepo.use((repo) => repo.offer(jobs.map((job) => wantedOf(queue, job))))

export const offer = (queue: string, wanted?: Wanted) =>
  Effect.map(offerAll(queue, wanted ?? {}), ([answer]) => answer!)

/** Claims what is ready, due or not yet marked as such. */
export const claimed = Effect.fnUntraced(function*(queue: string) {
  yield* Scheduler.use(({ promote }) => promote)
  return yield* claim({ queue, worker: yield* workerOf(queue) })
})

/** Runs what is ready to its end, and answers with the payloads in order. */
export const runs = Effect.fnUntraced(function*(queue: string) {
  const payloads: Array<string> = []
  for (;;) {
    const jobs = yield* claimed(queue)
    if (jobs.length === 0) return payloads
    payloads.push(...jobs.map(({ payload }) => payload!))
    yield* settle(jobs, Settlement.Completed())
  }
})
