/**
 * The status of a running worker, and the counts of a schema.
 */
import type { Duration } from "effect"
import type { StopMode } from "./StopMode.ts"

/** The status of one worker. */
export interface WorkerStatus {
  readonly uptime: Duration.Duration
  readonly queues: ReadonlyArray<string>
  /** The cooperative mode, as users write it. */
  readonly mode: string
  readonly stopping: StopMode | undefined
  /** Whether the worker has ended and the database has recorded that. */
  readonly hasSignedOff: boolean
  readonly concurrency: number
  readonly running: ReadonlyArray<{
    readonly id: bigint
    readonly name: string
    readonly key: string | undefined
    readonly age: Duration.Duration
    /** Whether the run goes on, long after pgq has interrupted it. */
    readonly isStuck: boolean
    /** The share of its work that is done, as last reported; `undefined` if it was not. */
    readonly fraction: number | undefined
  }>
  /** Claimed, not yet started. */
  readonly prefetched: number
  /** Since the start of this process. */
  readonly done: number
  readonly failed: number
  readonly retried: number
  readonly snoozed: number
  readonly cancelled: number
  readonly lastError: string | undefined
}

/** The jobs of one queue, counted now. */
export interface QueueCounts {
  readonly queue: string
  readonly ready: number
  /** Jobs behind another job of their key. */
  readonly waiting: number
  readonly running: number
  /** Delayed jobs, and jobs between two attempts. */
  readonly scheduled: number
  /** Jobs that would be ready, but for a pause of their queue or name. */
  readonly paused: number
  /** Jobs in the history. */
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly expired: number
  readonly discarded: number
}

/** One worker that is registered in a schema. */
export interface WorkerInfo {
  readonly id: string
  readonly label: string
  readonly host: string
  readonly pid: number
  readonly queues: ReadonlyArray<string>
  /** The cooperative mode, as users write it. */
  readonly mode: string
  readonly concurrency: number
  readonly running: number
  readonly age: Duration.Duration
}
