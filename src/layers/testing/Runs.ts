/**
 * The runs of a test's queue, as a test sees them.
 */
import type { Exit } from "effect"
import type { ClaimLost, SettingInvalid, StoreError } from "../../domain/Errors.ts"
import type { QueuedJob } from "../../domain/QueuedJob.ts"
import type { Settlement } from "../../domain/Settlement.ts"

/** A run of a job whose end is not recorded. */
export interface UnsettledRun {
  /** The job as it was claimed. Its payload is JSON. */
  readonly job: QueuedJob<unknown>
  /** The exit of its handler. */
  readonly exit: Exit.Exit<unknown, unknown>
  /** The jobs that were enqueued during the run, and are still queued. */
  readonly enqueued: ReadonlyArray<QueuedJob<unknown>>
}

/** A run of a job, from its claim to its settlement. */
export interface Run extends UnsettledRun {
  /** The end of the run as it was recorded. */
  readonly settlement: Settlement
}

/** The options of `TestQueue.drain`. */
export interface DrainOptions {
  /** Defaults to all queues. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** Ends after so many runs. Defaults to no limit. */
  readonly limit?: number | undefined
  /**
   * With "throw", draining fails as `RunFailed` at the first run that is tried again, fails for
   * good, or has no handler. With "record", such a run is one of those answered. Defaults to
   * "throw".
   */
  readonly onFailure?: "throw" | "record" | undefined
}

/** The errors of the functions that run jobs. */
export type RunErrors = ClaimLost | SettingInvalid | StoreError
