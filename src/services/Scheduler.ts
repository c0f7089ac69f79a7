/**
 * Maintenance: jobs that come due or expire, leases of dead workers, forgotten lanes, old history.
 *
 * Any process may call any method at any time; the work is done once.
 */
import { Context, type Duration, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"

export class Scheduler extends Context.Service<Scheduler, {
  /** Makes due jobs ready. */
  readonly promote: Effect.Effect<Promoted, StoreError>

  /** Ends jobs that have expired and are in no lease. */
  readonly expire: Effect.Effect<Expired, StoreError>

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

  /**
   * Ends the pauses whose time is over, and takes jobs back that were set aside and are paused no
   * more, some hundreds at once: they are due then.
   */
  readonly unpause: Effect.Effect<Unpaused, StoreError>

  /**
   * Drops receipts that no producer will ask for any more, and the like. Says whether there are
   * figures for `rollUp` or `sample`, which therefore cost an idle schema nothing.
   */
  readonly forget: Effect.Effect<Forgotten, StoreError>

  /** Adds up the figures that workers have reported in the minutes before this one. */
  readonly rollUp: Effect.Effect<void, StoreError>

  /** Looks how many jobs each queue has, unless somebody has looked in this minute. */
  readonly sample: Effect.Effect<void, StoreError>

  /** Makes partitions for the next days' history and drops the history that is past keeping. */
  readonly prune: Effect.Effect<void, StoreError>
}>()("pgq/services/Scheduler") {}

export interface Forgotten {
  readonly hasFigures: boolean
  /** The time until the next minute begins. */
  readonly untilMinute: Duration.Duration
}

export interface Healed {
  /** The number of lanes that were marked. */
  readonly healed: number
  /** Whether it has looked through all lanes: the next call begins anew. */
  readonly isAtEnd: boolean
}

export interface Expired {
  /** The number of jobs that have ended. */
  readonly expired: number
  /** Whether more jobs have expired: there were too many for one call. */
  readonly isBehind: boolean
  /** The time until it must look again, if there is a job that expires. */
  readonly next: Duration.Duration | undefined
}

export interface Unpaused {
  /** The number of jobs that were taken back. If it is more than 0, there may be more. */
  readonly unpaused: number
  /** The time until the next pause ends by itself, if one does. */
  readonly next: Duration.Duration | undefined
}

export interface Promoted {
  /** The number of jobs that were made ready, or had expired and have ended. */
  readonly promoted: number
  /** Whether more jobs are due: there were too many for one call, or their rows are locked. */
  readonly isBehind: boolean
  /** The time until the next job comes due, if there is one. */
  readonly next: Duration.Duration | undefined
}
