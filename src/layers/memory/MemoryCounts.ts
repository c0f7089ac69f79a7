/**
 * The jobs of each queue in memory, counted.
 */
import { isDelayed, isOpen } from "../../domain/LaneJob.ts"
import * as Lanes from "../../domain/Lanes.ts"
import * as Pause from "../../domain/Pause.ts"
import type { Outcome } from "../../domain/ProtocolSteps.ts"
import type { QueueCounts } from "../../domain/WorkerStatus.ts"
import type { Summary } from "./MemoryHistory.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryPauses } from "./MemoryPauses.ts"

interface Counted {
  readonly jobs: ReadonlyArray<StoredJob>
  readonly finished: ReadonlyArray<Summary>
  readonly pauses: MemoryPauses
  readonly now: number
}

/** The counts of each queue that has jobs or history, by its name. */
export const of = (counted: Counted): ReadonlyArray<QueueCounts> => {
  const { finished, jobs } = counted
  const queues = new Set([...jobs, ...finished].map(({ queue }) => queue))
  return Array.from(queues).toSorted().map((queue) => ofQueue(queue, counted))
}

const ofQueue = (queue: string, { finished, jobs, now, pauses }: Counted): QueueCounts => {
  const here = jobs.filter((job) => job.queue === queue)
  const past = finished.filter((job) => job.queue === queue)
  const lasting = pauses.all(now)
  const isAside = (job: StoredJob) => pauses.isAside(job)
  const first = Lanes.claimable(here)
  const ready = first.filter((job) => !lasting.some((pause) => Pause.holds(pause, job))).length
  const ended = (...outcomes: ReadonlyArray<Outcome>) =>
    past.filter(({ outcome }) => outcomes.includes(outcome)).length
  return {
    queue,
    ready,
    waiting: here.filter(isOpen).length - first.length,
    running: here.filter((job) => job.laneState === "leased").length,
    scheduled: here.filter((job) => isDelayed(job) && !isAside(job)).length,
    paused: first.length - ready + here.filter(isAside).length,
    completed: ended("completed"),
    failed: ended("failed", "crashed"),
    cancelled: ended("cancelled"),
    expired: ended("expired"),
    discarded: ended("discarded")
  }
}
