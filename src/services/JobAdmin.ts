/**
 * The questions of operators about a schema, and their word to its workers.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { FailedFilter, FailedJob } from "../domain/FailedJob.ts"
import type { StopAnswer, StopMode } from "../domain/StopMode.ts"
import type { QueueCounts, WorkerInfo } from "../domain/WorkerStatus.ts"

/**
 * Counts, failed jobs and workers of a schema, for operators, and the stop of a worker from afar.
 * `QueueLive.client` and `QueueLive.layer` provide the service, and so do those of `MemoryQueue`.
 * Its effects fail with `StoreError` if the database refuses or cannot be reached.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { JobAdmin } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   const admin = yield* JobAdmin
 *   for (const { queue, ready, running } of yield* admin.counts) {
 *     yield* Effect.logInfo(`${queue}: ${ready} ready, ${running} running`)
 *   }
 *   for (const { host, pid } of yield* admin.workers) yield* Effect.logInfo(`${host} ${pid}`)
 * })
 * ```
 */
export class JobAdmin extends Context.Service<JobAdmin, {
  /** The counts of every queue that has jobs or history, by name. */
  readonly counts: Effect.Effect<ReadonlyArray<QueueCounts>, StoreError>

  /** The failed jobs of the history that were not queued again, the newest first. */
  readonly failed: (filter: FailedFilter) => Effect.Effect<ReadonlyArray<FailedJob>, StoreError>

  /** The live workers, oldest first. */
  readonly workers: Effect.Effect<ReadonlyArray<WorkerInfo>, StoreError>

  /**
   * Asks a worker to stop, wherever it runs. It hears of that by its next renewal, within a third
   * of its lease (5 seconds by default), and does what `WorkerControl.stop` does; a process of
   * `pgq start` ends. A mode that is milder than the one asked for before changes nothing. The
   * worker cannot renew before a transaction ends in which this is called.
   */
  readonly stopWorker: (id: string, mode: StopMode) => Effect.Effect<StopAnswer, StoreError>
}>()("pgq/services/JobAdmin") {}
