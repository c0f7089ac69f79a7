/**
 * The maintenance of what time brings: jobs that come due, leases of dead workers, old history.
 *
 * Any process may call any method at any time; the work is done once.
 */
import { Context, type Duration, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"

export class Scheduler extends Context.Service<Scheduler, {
  /** Makes due jobs ready. */
  readonly promote: Effect.Effect<Promoted, StoreError>

  /**
   * Hands back jobs of workers that stopped renewing, some thousands at once. Answers with how
   * many: while it is any, there may be more.
   */
  readonly rescue: Effect.Effect<number, StoreError>

  /**
   * Looks through some thousands of lanes for those that nobody would look at, the next ones each
   * time. Answers with how many it marked.
   */
  readonly heal: Effect.Effect<number, StoreError>

  /** Drops what answers that were lost could be asked for by, once nobody will. */
  readonly forget: Effect.Effect<void, StoreError>

  /** Prepares room for history and drops what is older than it is kept. */
  readonly prune: Effect.Effect<void, StoreError>
}>()("pgq/services/Scheduler") {}

export interface Promoted {
  /** How many there were. */
  readonly promoted: number
  /** Whether more are due: there were too many for once, or somebody holds them. */
  readonly isBehind: boolean
  /** The time until the first of those that are not due yet, if there is one. */
  readonly next: Duration.Duration | undefined
}
