/**
 * Reads the runs of a job after checking what was asked.
 */
import { Effect } from "effect"
import * as ByHandInput from "../domain/ByHandInput.ts"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type { JobRun } from "../domain/JobRun.ts"
import { JobControl } from "./JobControl.ts"

/**
 * The runs of a job that did not complete, the newest first: those that failed, were retried, put
 * the job off, or were cancelled, and those whose worker died. At most `limit` of them, which
 * defaults to 20. They are kept as long as failed jobs are, whatever became of the job. Other input
 * fails as `JobInvalid`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Charge = Job.make("charge")
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Charge)
 *   for (const { attempt, error, outcome } of yield* Job.runs(id, { limit: 5 })) {
 *     yield* Effect.logInfo(`run ${attempt} ${outcome}: ${error}`)
 *   }
 * })
 * ```
 */
export const runs: (
  id: bigint,
  options?: { readonly limit?: number | undefined }
) => Effect.Effect<ReadonlyArray<JobRun>, JobInvalid | StoreError, JobControl> = (
  id,
  { limit = 20 } = {}
) =>
  Effect.andThen(
    Effect.fromResult(ByHandInput.ofRuns(id, { limit })),
    JobControl.use((control) => control.runs(id, { limit }))
  )
