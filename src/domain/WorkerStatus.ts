/**
 * What a running queue says of itself, and what a schema holds.
 */
import type { Duration } from "effect"
import type { StopMode } from "./StopMode.ts"

/** One running queue process. */
export interface WorkerStatus {
  readonly uptime: Duration.Duration
  readonly queues: ReadonlyArray<string>
  /** The cooperative mode, as users write it. */
  readonly mode: string
  readonly stopping: StopMode | undefined
  /** Whether it has ended and the database knows. */
  readonly hasSignedOff: boolean
  readonly concurrency: number
  readonly running: ReadonlyArray<{
    readonly id: bigint
    readonly name: string
    readonly key: string | undefined
    readonly age: Duration.Duration
  }>
  /** Claimed, not yet started. */
  readonly prefetched: number
  /** Since the start of this process. */
  readonly done: number
  readonly failed: number
  readonly retried: number
  readonly lastError: string | undefined
}

/** One queue of a schema, counted now. */
export interface QueueCounts {
  readonly queue: string
  readonly ready: number
  /** Behind another job of their key. */
  readonly waiting: number
  readonly running: number
  /** For later: delayed, or between two tries. */
  readonly scheduled: number
  /** Finished, as far as history is kept. */
  readonly completed: number
  readonly failed: number
}

/** One live process that works on a schema. */
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
