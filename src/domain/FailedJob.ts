/**
 * The failed jobs of the history, as operators see them.
 */
import type { JobOutcome } from "./Cancellation.ts"

/** A job that failed or crashed, and was not queued again. */
export interface FailedJob {
  readonly id: bigint
  readonly queue: string
  readonly name: string
  readonly outcome: JobOutcome
  readonly finishedAt: Date
  /** The number of its runs that were not cut short. */
  readonly attempts: number
  readonly error: string | undefined
}

/** Which failed jobs to see. A field that is left out stands for any. */
export interface FailedFilter {
  readonly queue?: string | undefined
  readonly name?: string | undefined
  /** The jobs ended at this time or later. */
  readonly since?: Date | undefined
  /** The most jobs, the newest of them. */
  readonly limit: number
}
