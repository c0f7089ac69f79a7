/**
 * Log lines about settlements that a worker could not record, or could not wait for.
 */
import type { Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type * as Refusal from "../../domain/Refusal.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as LogFields from "./LogFields.ts"

type Jobs = ReadonlyArray<LogFields.LoggedJob>

export const failed = (jobs: Jobs, error: StoreError, next: Refusal.Next): Effect.Effect<void> =>
  EventLog.warning("settle.failed", {
    text: `could not record how ${LogFields.wordsFor(jobs)} ended: ${error.message}; ` +
      meaning[next],
    fields: { ...LogFields.ofJobs(jobs), ...LogFields.ofError(error) }
  })

/** Another transaction has locked rows that a settlement would change. */
export const rowLocked = (jobs: Jobs): Effect.Effect<void> =>
  EventLog.warning("settle.row-locked", {
    text: `could not record how ${LogFields.wordsFor(jobs)} ended: another transaction locks ` +
      "their rows; tried again each second",
    fields: LogFields.ofJobs(jobs)
  })

/** The worker stops before the settlements are recorded. */
export const tooLate = (jobs: Jobs): Effect.Effect<void> =>
  EventLog.warning("settle.too-late", {
    text: `could not record in time how ${LogFields.wordsFor(jobs)} ended; they run again`,
    fields: LogFields.ofJobs(jobs)
  })

/** The handlers of these jobs did not stop within the grace. */
export const leftBehind = (jobs: Jobs): Effect.Effect<void> =>
  EventLog.error("job.left-behind", {
    text: `left behind after the grace, for other workers to run again: jobs ${
      jobs.map(({ id }) => id).join(", ")
    }`,
    fields: LogFields.ofJobs(jobs)
  })

const meaning: Record<Refusal.Next, string> = {
  "sent again": "tried again",
  "sent one by one": "each of them is tried alone",
  refused: "it runs again"
}
