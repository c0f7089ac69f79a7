/**
 * The unfinished jobs of a schema as a whole, as tests of applications look at them.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { LaneJob } from "../domain/LaneJob.ts"

export class QueuedJobs extends Context.Service<QueuedJobs, {
  /** The unfinished jobs whose id is greater than `id`. */
  readonly behind: (id: bigint) => Effect.Effect<Snapshot, StoreError>

  /** The greatest id of an unfinished job; 0 if there is none. */
  readonly lastId: Effect.Effect<bigint, StoreError>

  /** The queues in which a job may be ready. */
  readonly queues: Effect.Effect<ReadonlyArray<string>, StoreError>
}>()("pgq/services/QueuedJobs") {}

/** Jobs, and the store's time when they were read, in milliseconds. */
export interface Snapshot {
  readonly now: number
  readonly jobs: ReadonlyArray<Queued>
}

/** An unfinished job. */
export interface Queued extends LaneJob {
  readonly queue: string
  readonly name: string
  /** JSON text. */
  readonly payload: string
  readonly maxAttempts: number | undefined
}
