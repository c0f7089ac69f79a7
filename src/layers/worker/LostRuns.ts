/**
 * The log line about runs whose jobs are no longer leased to the worker.
 */
import { Effect } from "effect"
import * as EventLog from "../effects/EventLog.ts"
import * as LogFields from "./LogFields.ts"

/** Says which of its jobs the worker has interrupted because their leases are gone. */
export const say = (lost: ReadonlyArray<LogFields.LoggedJob>): Effect.Effect<void> =>
  lost.length === 0 ? Effect.void : EventLog.warning("lease.lost", {
    text: `interrupted ${LogFields.wordsFor(lost)}: no longer leased to this worker`,
    fields: LogFields.ofJobs(lost)
  })
