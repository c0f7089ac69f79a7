/**
 * Logs each failed job with its error. Of a flood of failures it logs a limited number of lines a
 * second and then the number of the others. The database has all errors.
 */
import { Duration, Effect } from "effect"
import * as ErrorText from "../../domain/ErrorText.ts"
import type { LogEvent } from "../../domain/LogEvent.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as LogFields from "./LogFields.ts"

export interface FailureLog {
  /**
   * Logs the error of a job and the settlement that follows from it. Snoozes and cancels are
   * details.
   */
  readonly say: (job: LogFields.LoggedJob, settlement: Failure) => Effect.Effect<void>
}

/**
 * A settlement that has an error; a completed job whose value cannot be stored; or one whose
 * handler has failed after a transaction had completed it.
 */
export type Failure =
  | Extract<Settlement, { readonly error: string }>
  | { readonly _tag: "Invalid" | "Late"; readonly error: string }

export const make = (): FailureLog => {
  let written = 0
  let more = 0
  /** The queues of the jobs that are left out. */
  const queues = new Set<string>()

  const summarize = Effect.suspend(() => {
    const fields = { queues: Array.from(queues), count: more }
    written = 0
    more = 0
    queues.clear()
    return fields.count === 0
      ? Effect.void
      : EventLog.warning("job.failures-omitted", {
        text: `${fields.count} more jobs failed; their errors are in the database`,
        fields
      })
  })

  return {
    say: (job, settlement) => {
      if (settlement._tag === "Snoozed" || settlement._tag === "Cancelled") {
        return Effect.suspend(() => say(EventLog.debug, job, settlement))
      }
      if (written >= linesMax) {
        more++
        queues.add(job.queue)
        return Effect.void
      }
      const warned = say(EventLog.warning, job, settlement)
      if (written++ > 0) return warned
      return Effect.andThen(warned, Effect.forkDetach(Effect.delay(summarize, "1 second")))
    }
  }
}

const say = (
  log: typeof EventLog.debug,
  job: LogFields.LoggedJob,
  settlement: Failure
): Effect.Effect<void> => {
  const { event, says } = consequence(settlement)
  const what = `${LogFields.wordsFor([job])}: ${ErrorText.summary(settlement.error)}`
  return log(event, { text: `${what}; ${says}`, fields: LogFields.ofJob(job) })
}

const consequence = (
  settlement: Failure
): { readonly event: LogEvent; readonly says: string } => {
  switch (settlement._tag) {
    case "Retried":
      return { event: "job.retried", says: `tried again in ${shortly(settlement.delay)}` }
    case "Unhandled":
      return { event: "job.unhandled", says: `tried again in ${shortly(settlement.delay)}` }
    case "Snoozed":
      return {
        event: "job.snoozed",
        says: `snoozed for ${shortly(settlement.delay)}`
      }
    case "Invalid":
      return { event: "job.result-invalid", says: "completed without a result" }
    case "Late":
      return { event: "job.failed-late", says: "a transaction had completed it before" }
    case "Cancelled":
      return { event: "job.cancelled", says: "cancelled" }
    case "Failed":
      return settlement.blocksLane
        ? {
          event: "job.blocked",
          says: "failed for good, and blocks its key until an operator retries or deletes it"
        }
        : { event: "job.failed", says: "failed for good" }
  }
}

const shortly = (delay: Duration.Duration): string =>
  Duration.format(Duration.millis(Math.ceil(Duration.toMillis(delay))))

/** The most lines in a second. */
const linesMax = 100
