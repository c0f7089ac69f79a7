/**
 * Maintenance: jobs that come due, leases of dead workers, forgotten lanes, old history.
 *
 * Any process may call any method at any time; the work is done once.
 */
import { Context, type Duration, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"

export class Scheduler extends Context.Service<Scheduler, {
  /** Makes due jobs ready. */
  readonly promote: Effect.Effect<Promoted, StoreError>

  /**
   * Gives back the jobs of dead workers, some thousands at once. Answers how many; if it is more
   * than 0, there may be more.
   */
  readonly rescue: Effect.Effect<number, StoreError>

  /**
   * Looks through some thousands of lanes, the next ones each time, for waiting jobs that no marker
   * and no head would bring to a claim. It marks these lanes.
   */
  readonly heal: Effect.Effect<Healed, StoreError>

  /** Drops receipts that no producer will ask for any more. */
  readonly forget: Effect.Effect<void, StoreError>

  /** Makes partitions for the next days' history and drops the history that is past keeping. */
  readonly prune: Effect.Effect<void, StoreError>
}>()("pgq/services/Scheduler") {}

export interface Healed {
  /** The number of lanes that were marked. */
  readonly healed: number
  /** Whether it has looked through all lanes: the next call begins anew. */
  readonly isAtEnd: boolean
}

export interface Promoted {
  /** The number of jobs that were made ready. */
  readonly promoted: number
  /** Whether more jobs are due: there were too many for one call, or their rows are locked. */
  readonly isBehind: boolean
  /** The time until the next job comes due, if there is one. */
  readonly next: Duration.Duration | undefined
}
