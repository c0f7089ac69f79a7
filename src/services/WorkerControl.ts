/**
 * The handle of a running worker: stop it, wait for its end, read its status.
 */
import { Context, type Effect } from "effect"
import type { StopMode } from "../domain/StopMode.ts"
import type { WorkerStatus } from "../domain/WorkerStatus.ts"

export class WorkerControl extends Context.Service<WorkerControl, {
  /**
   * Asks the worker to stop. A mode that is milder than the one in force changes nothing. Returns
   * at once.
   */
  readonly stop: (mode: StopMode) => Effect.Effect<void>

  /**
   * Waits until the worker has ended and all its jobs are settled or given back. Answers the jobs
   * that did not end within the grace and were left to other workers.
   */
  readonly ended: Effect.Effect<ReadonlyArray<bigint>>

  readonly status: Effect.Effect<WorkerStatus>
}>()("pgq/services/WorkerControl") {}
