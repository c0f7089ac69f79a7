/**
 * One job in the memory queue.
 */
import { Duration } from "effect"
import type { ClaimedJob, NewJob } from "../../domain/JobRecord.ts"
import * as LaneJob from "../../domain/LaneJob.ts"

export interface StoredJob extends LaneJob.LaneJob {
  readonly queue: string
  readonly name: string
  readonly payload: string
  readonly maxAttempts: number | undefined
  readonly uniqueKey: string | undefined
  readonly createdAt: number
  readonly traceparent: string | undefined
}

/** A new job. */
export const newStoredJob = (
  job: NewJob,
  id: bigint,
  now: number,
  uniqueKey?: string
): StoredJob => {
  const { delay, key, maxAttempts, name, payload, priority, queue, runAt } = job
  const notBefore = now + (delay === undefined ? 0 : Duration.toMillis(delay))
  const dueAt = Math.max(runAt?.getTime() ?? now, notBefore)
  return LaneJob.added({
    id,
    queue,
    name,
    payload,
    key,
    priority,
    maxAttempts,
    dueAt,
    expiresAt: expiryOf(job, dueAt),
    uniqueKey,
    createdAt: now,
    traceparent: job.traceparent
  }, now)
}

/** When a job expires that may start at this time. */
export const expiryOf = (
  { expiresAt, expiresIn }: NewJob,
  dueAt: number
): number | undefined =>
  expiresIn === undefined ? expiresAt?.getTime() : dueAt + Duration.toMillis(expiresIn)

export const claimedJob = (job: StoredJob, lease: string, now: number): ClaimedJob => ({
  id: job.id,
  lease,
  queue: job.queue,
  name: job.name,
  payload: job.payload,
  key: job.key,
  priority: job.priority,
  attempt: job.failures + 1,
  maxAttempts: job.maxAttempts,
  unhandledCount: job.unhandledCount,
  snoozeCount: job.snoozeCount,
  expiresAt: job.expiresAt === undefined ? undefined : new Date(job.expiresAt),
  isSuspect: LaneJob.isSuspect(job),
  waited: now - (job.dueAt < Infinity ? Math.max(job.createdAt, job.dueAt) : job.createdAt),
  traceparent: job.traceparent,
  wasScheduled: job.traceparent !== undefined && job.dueAt > job.createdAt
})
