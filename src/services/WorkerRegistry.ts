/**
 * The live workers. A worker whose lease expires loses its jobs to other workers.
 */
import { Context, type Duration, type Effect } from "effect"
import type { CancelRequest } from "../domain/Cancellation.ts"
import type { StoreError } from "../domain/Errors.ts"
import type { FailureReport } from "../domain/FailureReport.ts"
import type { Pause } from "../domain/Pause.ts"
import type { StopMode } from "../domain/StopMode.ts"
import type { Vitals } from "../domain/Vitals.ts"

export class WorkerRegistry extends Context.Service<WorkerRegistry, {
  /** Registers a worker, alive for one lease. */
  readonly join: (worker: NewWorker) => Effect.Effect<void, StoreError>

  /** Renews a worker's leases, and says whether it was asked to stop, and at times how it does. */
  readonly renew: (
    id: string,
    state?: { readonly isStopping: boolean; readonly vitals?: Vitals | undefined }
  ) => Effect.Effect<Renewal, StoreError>

  /** The jobs leased to a worker that somebody has cancelled. */
  readonly cancelRequests: (id: string) => Effect.Effect<ReadonlyArray<CancelRequest>, StoreError>

  /** The pauses that concern jobs of these queues. */
  readonly pauses: (
    queues: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<WorkerPause>, StoreError>

  /**
   * Gives back jobs that the database has leased to a worker under leases that the worker does not
   * know: the answers to those claims were lost. Answers how many jobs, and which of the known
   * leases are gone. Must not overlap a claim.
   */
  readonly reconcile: (
    id: string,
    knownLeases: ReadonlyArray<string>
  ) => Effect.Effect<
    { readonly released: number; readonly gone: ReadonlyArray<string> },
    StoreError
  >

  /** Ends a worker on purpose. Its jobs go back unharmed. */
  readonly leave: (id: string) => Effect.Effect<void, StoreError>

  /** Ends a worker that is known to be dead. Its jobs can be claimed at once. */
  readonly reportDead: (id: string) => Effect.Effect<void, StoreError>
}>()("pgq/services/WorkerRegistry") {}

export interface Renewal {
  /** False if the worker was reported dead meanwhile. */
  readonly isKnown: boolean
  /** Whether somebody has cancelled jobs that are leased to the worker. */
  readonly hasCancels: boolean
  /** Whether there are pauses, of whatever queues. */
  readonly hasPauses: boolean
  /** How an operator has asked the worker to stop, if one has. Each renewal says it. */
  readonly asked?: StopMode | undefined
}

/** As much of a pause as a worker must know. */
export type WorkerPause = Pick<Pause, "queue" | "name" | "cancelsRunning">

export interface NewWorker {
  /** A fresh uuid for each start. */
  readonly id: string
  readonly label: string
  readonly host: string
  readonly pid: number
  readonly queues: ReadonlyArray<string>
  readonly mode: string
  readonly concurrency: number
  /** The names of jobs that the worker has handlers for. */
  readonly names: ReadonlyArray<string>
  /** Those of the names whose failures are reported, from now on. Absent if there are none. */
  readonly failureReports?: ReadonlyArray<FailureReport> | undefined
  /** How long the worker counts as alive without a renewal. */
  readonly lease: Duration.Duration
}
