/**
 * The handle of a running worker: stop it, wait for its end, read its status.
 */
import { Context, type Effect } from "effect"
import type { Figures } from "../domain/Figures.ts"
import type { StopMode } from "../domain/StopMode.ts"
import type { WorkerHealth } from "../domain/WorkerHealth.ts"
import type { WorkerStatus } from "../domain/WorkerStatus.ts"

/**
 * The handle of a running worker. `QueueLive.layer` and `MemoryQueue.layer` provide the service.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Job, QueueLive, WorkerControl } from "pgq"
 *
 * const Tick = Job.make("tick")
 * const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const worker = yield* WorkerControl
 *   const { concurrency, running } = yield* worker.status
 *   yield* Effect.logInfo(`${running.length} of up to ${concurrency} jobs are running`)
 *   yield* worker.stop("finish")
 *   const leftBehind = yield* worker.ended
 *   yield* Effect.logInfo(`ended, ${leftBehind.length} jobs left behind`)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
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

  /** The worker's settings, its running jobs, and its counts since the start. */
  readonly status: Effect.Effect<WorkerStatus>

  /** How the worker is, for probes. Asks nothing of the database. */
  readonly health: Effect.Effect<WorkerHealth>

  /** The counts of the worker, for metrics. They go on while they are read. */
  readonly figures: Figures
}>()("pgq/services/WorkerControl") {}
