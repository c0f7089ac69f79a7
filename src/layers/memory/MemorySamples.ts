/**
 * One look a minute at each queue of the queue in memory, for two days.
 */
import { Duration } from "effect"
import { isDelayed } from "../../domain/LaneJob.ts"
import * as Lanes from "../../domain/Lanes.ts"
import type { StoredJob } from "./MemoryJob.ts"

export interface MemorySample {
  /** When the minute began. */
  readonly at: number
  readonly queue: string
  /** The numbers of ready, waiting, running, scheduled and blocked jobs. */
  readonly depth: ReadonlyArray<number>
  /** In seconds. */
  readonly latency: number
}

export class MemorySamples {
  #samples: ReadonlyArray<MemorySample> = []

  /** Looks at all queues that have jobs, or had some at the last look. */
  look(jobs: ReadonlyArray<StoredJob>, { isAside, now }: {
    readonly isAside: (job: StoredJob) => boolean
    readonly now: number
  }): void {
    const at = Math.floor(now / minute) * minute
    const last = this.#samples.at(-1)?.at
    if (last === at) return
    const left = this.#samples.filter((sample) =>
      sample.at === last && sample.depth.some((count) => count > 0)
    )
    const queues = new Set([...jobs, ...left].map(({ queue }) => queue))
    const seen = Array.from(queues, (queue) => {
      const here = jobs.filter((job) => job.queue === queue && !isAside(job))
      return { at, queue, depth: depthOf(here), latency: latencyOf(here, now) }
    })
    this.#samples = [...this.#samples, ...seen]
  }

  all(): ReadonlyArray<MemorySample> {
    return this.#samples
  }

  prune(now: number): void {
    this.#samples = this.#samples.filter(({ at }) => at >= now - Duration.toMillis("2 days"))
  }
}

const minute = 60_000

const depthOf = (jobs: ReadonlyArray<StoredJob>): ReadonlyArray<number> => {
  const ready = Lanes.claimable(jobs).length
  const delayed = jobs.filter(isDelayed)
  const blocked = delayed.filter(isBlocked).length
  return [
    ready,
    jobs.filter(({ laneState }) => laneState === "open").length - ready,
    jobs.filter(({ laneState }) => laneState === "leased").length,
    delayed.length - blocked,
    blocked
  ]
}

const latencyOf = (jobs: ReadonlyArray<StoredJob>, now: number): number =>
  Lanes.claimable(jobs).reduce(
    (longest, { createdAt, dueAt }) => Math.max(longest, (now - Math.max(createdAt, dueAt)) / 1000),
    0
  )

const isBlocked = ({ dueAt, laneState }: StoredJob): boolean =>
  dueAt === Infinity && laneState === "delayedHoldingLane"
