/**
 * Runs that did not complete, as operators see them, and which ends of a run leave one.
 */
import { Duration } from "effect"
import type { Settlement } from "./Settlement.ts"

/** A run that did not complete. */
export interface JobRun {
  /** The id of the job. */
  readonly id: bigint
  /** The number of the run. A run that does not count as a failure shares it with the next one. */
  readonly attempt: number
  readonly queue: string
  readonly name: string
  /** The id of the worker. */
  readonly worker: string
  readonly claimedAt: Date
  readonly endedAt: Date
  /** How long the run took; `undefined` if its worker died. */
  readonly ranFor: Duration.Duration | undefined
  readonly outcome: RunOutcome
  /** When the job was to run again, after a retry or a snooze. */
  readonly nextAt: Date | undefined
  readonly error: string | undefined
}

/**
 * How a run ended. Each job that a dead worker had has crashed, also if it had not begun: nobody
 * knows.
 */
export type RunOutcome = "failed" | "blocked" | "retried" | "snoozed" | "cancelled" | "crashed"

/** The end of a run that did not complete. */
export interface RunEnd {
  readonly outcome: RunOutcome
  readonly error: string | undefined
  /** The time until the job is to run again, in milliseconds. */
  readonly nextIn?: number | undefined
}

/**
 * The end of a run that is recorded; `undefined` for a run that completed, and where there was no
 * run. Of a job that is not wanted any more, only a run that failed for good ends as it would.
 */
export const endOf = (settlement: Settlement, { hasRun, isUnwanted }: {
  /** Whether the handler has begun. */
  readonly hasRun: boolean
  readonly isUnwanted: boolean
}): RunEnd | undefined => {
  if (settlement._tag === "Completed") return undefined
  const error = "error" in settlement ? settlement.error : undefined
  const hasFailed = settlement._tag === "Failed" && !settlement.blocksLane
  if (isUnwanted && !hasFailed) return hasRun ? { outcome: "cancelled", error } : undefined
  switch (settlement._tag) {
    case "Failed":
      return { outcome: settlement.blocksLane ? "blocked" : "failed", error }
    case "Retried":
    case "Snoozed":
      return {
        outcome: settlement._tag === "Retried" ? "retried" : "snoozed",
        error,
        nextIn: Duration.toMillis(settlement.delay)
      }
    case "Cancelled":
      return hasRun ? { outcome: "cancelled", error } : undefined
    case "Released":
    case "Unhandled":
      return undefined
  }
}

/** The end of the run of a job whose worker died. */
export const crashed: RunEnd = {
  outcome: "crashed",
  error: "the worker died while it had this job"
}
