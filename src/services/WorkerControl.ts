/**
 * The handle on a running queue: ask it to stop, wait for its end, look at it.
 */
import { Context, type Effect } from "effect"
import type { StopMode } from "../domain/StopMode.ts"
import type { WorkerStatus } from "../domain/WorkerStatus.ts"

export class WorkerControl extends Context.Service<WorkerControl, {
  /** Asks for an end; a milder mode than the one in force changes nothing. Returns at once. */
  readonly stop: (mode: StopMode) => Effect.Effect<void>

  /**
   * Waits until the queue has ended and everything it held is settled or handed back. Answers with
   * the jobs that did not end within the grace and had to be left behind.
   */
  readonly ended: Effect.Effect<ReadonlyArray<bigint>>

  readonly status: Effect.Effect<WorkerStatus>
}>()("pgq/services/WorkerControl") {}
