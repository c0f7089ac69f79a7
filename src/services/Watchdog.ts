/**
 * The watchdog renews a worker's leases while a handler keeps the worker's thread busy.
 */
import { Context, type Effect, type Scope } from "effect"
import type { SettingInvalid, StoreError } from "../domain/Errors.ts"
import type { NewWorker } from "./WorkerRegistry.ts"

export class Watchdog extends Context.Service<Watchdog, {
  /** Watches over this thread until the scope ends. */
  readonly watch: (
    worker: Pick<NewWorker, "id" | "lease">
  ) => Effect.Effect<Watch, SettingInvalid | StoreError, Scope.Scope>
}>()("pgq/services/Watchdog") {}

/** The link between a worker's thread and its watchdog. */
export interface Watch {
  /** Says that this thread is alive, and how many milliseconds ago it sent its last renewal. */
  readonly tick: (renewedAgo: number) => void
  /** How many milliseconds ago the watchdog sent its last successful renewal. */
  readonly renewedAgo: () => number
}
