/**
 * The logger of the run at hand, whose lines are kept in the job's log.
 */
import { Context, type Logger } from "effect"

/** `undefined` for a run whose lines nobody keeps. */
export const RunLogger = Context.Reference<Logger.Logger<unknown, void> | undefined>(
  "pgq/services/RunLogger",
  { defaultValue: () => undefined }
)
