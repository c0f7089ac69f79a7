/**
 * Reads the log of a job after checking what was asked.
 */
import { Effect } from "effect"
import * as ByHandInput from "../domain/ByHandInput.ts"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type { LogLine } from "../domain/JobLog.ts"
import { JobControl } from "./JobControl.ts"

/**
 * The log of a job, the oldest line first: the lines that its handler has logged, if its kind has a
 * `log`, and after those of each run its error, if it did not complete. Leaves out the first `skip`
 * lines, none by default, and answers at most `limit`, which defaults to 1000. While the job runs,
 * a line comes up to a second late. Lines are kept for 7 days, unless `keep_logs` of the settings
 * says otherwise. Other input fails as `JobInvalid`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Load = Job.make("load", { log: { level: "Info", lines: 100 } })
 *
 * export const LoadLive = Load.toLayer(() => Effect.logInfo("half way"))
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Load)
 *   for (const { at, line } of yield* Job.logs(id)) {
 *     yield* Effect.logInfo(`${at.toISOString()} ${line}`)
 *   }
 * })
 * ```
 */
export const logs: (
  id: bigint,
  options?: { readonly skip?: number | undefined; readonly limit?: number | undefined }
) => Effect.Effect<ReadonlyArray<LogLine>, JobInvalid | StoreError, JobControl> = (
  id,
  { limit = 1000, skip = 0 } = {}
) =>
  Effect.andThen(
    Effect.fromResult(ByHandInput.ofLogs(id, { limit, skip })),
    JobControl.use((control) => control.logs(id, { limit, skip }))
  )
