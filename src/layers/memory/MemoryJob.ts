/**
 * One job as the queue in memory keeps it, and what a settlement makes of it.
 */
import { Duration } from "effect"
import type { NewJob } from "../../domain/JobRecord.ts"
import type { LaneJob } from "../../domain/Lanes.ts"
import type { Settlement } from "../../domain/Settlement.ts"

export interface StoredJob extends LaneJob {
  readonly queue: string
  readonly name: string
  readonly payload: string
  readonly maxAttempts: number | undefined
  /** Runs that ended in failure. */
  readonly failures: number
  readonly unhandledCount: number
  readonly dueAt: number
  readonly error: string | undefined
}

/** A job as it is when it is new. */
export const newStoredJob = (job: NewJob, id: bigint, now: number): StoredJob => {
  const delay = job.delay === undefined ? 0 : Duration.toMillis(job.delay)
  const dueAt = Math.max(job.runAt?.getTime() ?? now, now + delay)
  return {
    id,
    queue: job.queue,
    name: job.name,
    payload: job.payload,
    key: job.key,
    priority: job.priority,
    maxAttempts: job.maxAttempts,
    laneState: dueAt > now ? "delayed" : "open",
    failures: 0,
    unhandledCount: 0,
    dueAt,
    error: undefined
  }
}

export const isAside = (job: StoredJob): boolean =>
  job.laneState === "delayed" || job.laneState === "delayedHoldingLane"

/** What a settlement makes of its job; `undefined` is finished. */
export const after = (
  job: StoredJob,
  settlement: Settlement,
  now: number
): StoredJob | undefined => {
  const holding = job.key === undefined ? "delayed" : "delayedHoldingLane"
  switch (settlement._tag) {
    case "Completed":
      return undefined
    case "Released":
      return { ...job, laneState: "open" }
    case "Retried":
      return {
        ...job,
        laneState: settlement.holdsLane ? holding : "delayed",
        failures: job.failures + 1,
        dueAt: now + Duration.toMillis(settlement.delay),
        error: settlement.error
      }
    case "Unhandled":
      return {
        ...job,
        laneState: holding,
        unhandledCount: job.unhandledCount + 1,
        dueAt: now + Duration.toMillis(settlement.delay),
        error: settlement.error
      }
    case "Failed":
      return settlement.blocksLane && job.key !== undefined
        ? {
          ...job,
          laneState: "delayedHoldingLane",
          failures: job.failures + 1,
          dueAt: Infinity,
          error: settlement.error
        }
        : undefined
  }
}
