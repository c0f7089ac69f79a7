/**
 * The questions of operators about a schema.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { QueueCounts, WorkerInfo } from "../domain/WorkerStatus.ts"

export class JobAdmin extends Context.Service<JobAdmin, {
  /** The counts of every queue that has jobs or history, by name. */
  readonly counts: Effect.Effect<ReadonlyArray<QueueCounts>, StoreError>

  /** The live workers, oldest first. */
  readonly workers: Effect.Effect<ReadonlyArray<WorkerInfo>, StoreError>
}>()("pgq/services/JobAdmin") {}
