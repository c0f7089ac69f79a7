/**
 * One unfinished job in its lane, and its state after each step.
 *
 * This file, `Lanes` and `ProtocolSteps` are the specification of the lane rules. `sql/` keeps the
 * same rules by heads and markers.
 */
import { Duration } from "effect"
import type { Settlement } from "./Settlement.ts"

export interface LaneJob extends NewLaneJob {
  readonly laneState: LaneState
  /**
   * The place among ready jobs of the same priority; `undefined` is the id. In its lane a job keeps
   * its order by the id.
   */
  readonly place: bigint | undefined
  /** Runs that ended in failure. */
  readonly failures: number
  /** How often a worker without a handler of its name claimed it. */
  readonly unhandledCount: number
  /** How often it was snoozed since its last failed run. */
  readonly snoozeCount: number
  /** How many workers died while they held it, since it last ran to an end. */
  readonly crashes: number
}

/** The part of a new job that the rules use. */
export interface NewLaneJob {
  readonly id: bigint
  readonly key: string | undefined
  readonly priority: number
  /** In milliseconds. A job that is blocked is due at `Infinity`. */
  readonly dueAt: number
  /** In milliseconds. Absent for a job that never expires. */
  readonly expiresAt?: number | undefined
}

/**
 * An `open` job is ready, or waits behind its key. A `leased` job runs, or is about to. A `delayed`
 * job waits until it is due, and its lane goes on. While a job is `delayedHoldingLane`, its lane
 * waits with it.
 */
export type LaneState = "open" | "leased" | "delayed" | "delayedHoldingLane"

/** A job fails as crashed when this many workers have died while they held it. */
const crashesMax = 3

export const added = <J extends NewLaneJob>(job: J, now: number): J & LaneJob => ({
  ...job,
  laneState: job.dueAt > now ? "delayed" : "open",
  place: undefined,
  failures: 0,
  unhandledCount: 0,
  snoozeCount: 0,
  crashes: 0
})

export const leased = <J extends LaneJob>(job: J): J => ({ ...job, laneState: "leased" })

/** Due for the first time, or back from a lease unharmed. */
export const opened = <J extends LaneJob>(job: J): J => ({ ...job, laneState: "open" })

/** Due. A job that was tried before goes behind the jobs that are ready by then. */
export const promoted = <J extends LaneJob>(job: J, place: bigint): J =>
  job.failures + job.unhandledCount + job.snoozeCount > 0
    ? { ...opened(job), place }
    : opened(job)

/** A job of a paused name, which waits for the resume. With a key it holds its lane. */
export const setAside = <J extends LaneJob>(job: J): J => ({
  ...job,
  laneState: job.key === undefined ? "delayed" : "delayedHoldingLane",
  dueAt: Infinity
})

/** A job that had ended, queued again as if it had never run. It does not expire again. */
export const redriven = <J extends LaneJob>(job: J, now: number, dueAt = now): J => ({
  ...job,
  ...added({ ...job, dueAt, expiresAt: undefined }, now)
})

/** Whether the time of a job is over that is in no lease. */
export const hasExpired = ({ expiresAt = Infinity, laneState }: LaneJob, now: number): boolean =>
  expiresAt <= now && laneState !== "leased"

/** A job that may start at another time. While it waits for its next try, it holds its lane. */
export const moved = <J extends LaneJob>(job: J, dueAt: number, now: number): J => ({
  ...job,
  dueAt,
  laneState: dueAt <= now
    ? "open"
    : job.laneState === "delayedHoldingLane"
    ? "delayedHoldingLane"
    : "delayed"
})

/** A job whose run has ended. `undefined` is finished. */
export const settled = <J extends LaneJob>(
  job: J,
  settlement: Settlement,
  now: number
): J | undefined => {
  // The job ran to an end, or not at all: no worker died of it.
  const later = { ...job, crashes: 0 }
  switch (settlement._tag) {
    case "Completed":
    case "Cancelled":
      return undefined
    case "Released":
      return opened(job)
    case "Retried":
      return {
        ...later,
        laneState: settlement.holdsLane ? "delayedHoldingLane" : "delayed",
        failures: job.failures + 1,
        snoozeCount: 0,
        dueAt: now + Duration.toMillis(settlement.delay)
      }
    case "Snoozed":
      return {
        ...later,
        laneState: settlement.holdsLane ? "delayedHoldingLane" : "delayed",
        snoozeCount: job.snoozeCount + 1,
        dueAt: now + Duration.toMillis(settlement.delay)
      }
    case "Unhandled":
      return {
        ...later,
        laneState: "delayedHoldingLane",
        unhandledCount: job.unhandledCount + 1,
        dueAt: now + Duration.toMillis(settlement.delay)
      }
    case "Failed":
      return settlement.blocksLane
        ? {
          ...later,
          laneState: "delayedHoldingLane",
          failures: job.failures + 1,
          snoozeCount: 0,
          dueAt: Infinity
        }
        : undefined
  }
}

/** A job whose worker died. `undefined` is finished, as crashed. */
export const crashed = <J extends LaneJob>(job: J): J | undefined =>
  job.crashes + 1 >= crashesMax ? undefined : { ...opened(job), crashes: job.crashes + 1 }

export const isOpen = (job: LaneJob): boolean => job.laneState === "open"

export const isDelayed = (job: LaneJob): boolean =>
  job.laneState === "delayed" || job.laneState === "delayedHoldingLane"

/** Whether a worker died while it held the job: the job may have killed it. */
export const isSuspect = (job: LaneJob): boolean => job.crashes > 0

/** Whether one more death would finish the job. */
export const isInLastRun = (job: LaneJob): boolean => job.crashes + 1 >= crashesMax
