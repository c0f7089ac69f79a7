/**
 * Who is alive. A worker whose lease runs out loses its jobs to others.
 */
import { Context, type Duration, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"

export class WorkerRegistry extends Context.Service<WorkerRegistry, {
  /** Makes a worker known, alive for one lease. */
  readonly join: (worker: NewWorker) => Effect.Effect<void, StoreError>

  /**
   * Stays alive for another lease. Answers `false` when the worker was taken for dead meanwhile.
   */
  readonly renew: (id: string) => Effect.Effect<boolean, StoreError>

  /**
   * Hands back what the database has leased to a worker beside the leases it knows of: the answers
   * to those claims were lost. Answers with how many jobs, and which of the leases it knows of are
   * gone. Never to be called beside a claim.
   */
  readonly reconcile: (
    id: string,
    knownLeases: ReadonlyArray<string>
  ) => Effect.Effect<
    { readonly released: number; readonly gone: ReadonlyArray<string> },
    StoreError
  >

  /** Ends a worker on purpose: the jobs that it still holds go back unharmed. */
  readonly leave: (id: string) => Effect.Effect<void, StoreError>

  /** Ends a worker that is known to be dead: its jobs can be claimed at once. */
  readonly reportDead: (id: string) => Effect.Effect<void, StoreError>
}>()("pgq/services/WorkerRegistry") {}

export interface NewWorker {
  /** A fresh uuid for each start. */
  readonly id: string
  readonly label: string
  readonly host: string
  readonly pid: number
  readonly queues: ReadonlyArray<string>
  readonly mode: string
  readonly concurrency: number
  /** How long it counts as alive without renewing. */
  readonly lease: Duration.Duration
}
