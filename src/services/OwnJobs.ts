/**
 * The jobs that the handler at hand was called for. Fibers that it forks have them, too.
 */
import { Context } from "effect"
import type { OwnJob } from "../domain/OwnJob.ts"

/** None outside of a handler. */
export const OwnJobs = Context.Reference<ReadonlyArray<OwnJob>>(
  "pgq/services/OwnJobs",
  { defaultValue: () => [] }
)
