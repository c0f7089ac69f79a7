/**
 * What a worker says of jobs whose ends it cannot record, or cannot wait for.
 */
import { Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type * as Refusal from "../../domain/Refusal.ts"
import * as LogFields from "./LogFields.ts"

type Jobs = ReadonlyArray<LogFields.LoggedJob>

export const failed = (jobs: Jobs, error: StoreError, next: Refusal.Next): Effect.Effect<void> =>
  Effect.logWarning(
    `could not record how ${LogFields.wordsFor(jobs)} ended: ${error.message}; ${meaning[next]}`
  ).pipe(Effect.annotateLogs({ ...LogFields.ofJobs(jobs), ...LogFields.ofError(error) }))

/** Another transaction has locked rows that a settlement would change. */
export const rowLocked = (jobs: Jobs): Effect.Effect<void> =>
  Effect.logWarning(
    `could not record how ${LogFields.wordsFor(jobs)} ended: another transaction holds what ` +
      "would change; tried again each second"
  ).pipe(Effect.annotateLogs(LogFields.ofJobs(jobs)))

/** The worker ends before it could. */
export const tooLate = (jobs: Jobs): Effect.Effect<void> =>
  Effect.logWarning(
    `could not record in time how ${LogFields.wordsFor(jobs)} ended; what has ended runs again`
  ).pipe(Effect.annotateLogs(LogFields.ofJobs(jobs)))

/** The handlers of these jobs did not stop in time. */
export const leftBehind = (jobs: Jobs): Effect.Effect<void> =>
  Effect.logError(
    `left behind after the grace, to be taken up by others: jobs ${
      jobs.map(({ id }) => id).join(", ")
    }`
  ).pipe(Effect.annotateLogs(LogFields.ofJobs(jobs)))

const meaning: Record<Refusal.Next, string> = {
  "sent again": "tried again",
  "sent one by one": "each of them is tried alone",
  refused: "it runs again"
}
