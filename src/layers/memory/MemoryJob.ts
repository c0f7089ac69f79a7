/**
 * One job as the queue in memory keeps it, and what a settlement makes of it.
 */
import { Duration } from "effect"
import type { NewJob } from "../../domain/Job.ts"
import type { LaneJob } from "../../domain/Lanes.ts"
import type { Settlement } from "../../domain/Settlement.ts"

export interface StoredJob extends LaneJob {
  readonly queue: string
  readonly name: string
  readonly payload: string
  readonly maxAttempts: number | undefined
  /** Runs that ended in failure. */
  readonly attempt: number
  readonly putOffs: number
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
    standing: dueAt > now ? "later" : "open",
    attempt: 0,
    putOffs: 0,
    dueAt,
    error: undefined
  }
}

export const isAside = (job: StoredJob): boolean =>
  job.standing === "later" || job.standing === "holding"

/** What a settlement makes of its job; `undefined` is finished. */
export const after = (
  job: StoredJob,
  settlement: Settlement,
  now: number
): StoredJob | undefined => {
  const holding = job.key === undefined ? "later" : "holding"
  switch (settlement._tag) {
    case "Completed":
      return undefined
    case "Released":
      return { ...job, standing: "open" }
    case "Retried":
      return {
        ...job,
        standing: settlement.holdsLane ? holding : "later",
        attempt: job.attempt + 1,
        dueAt: now + Duration.toMillis(settlement.delay),
        error: settlement.error
      }
    case "PutOff":
      return {
        ...job,
        standing: holding,
        putOffs: job.putOffs + 1,
        dueAt: now + Duration.toMillis(settlement.delay),
        error: settlement.error
      }
    case "Failed":
      return settlement.blocksLane && job.key !== undefined
        ? {
          ...job,
          standing: "holding",
          attempt: job.attempt + 1,
          dueAt: Infinity,
          error: settlement.error
        }
        : undefined
  }
}
