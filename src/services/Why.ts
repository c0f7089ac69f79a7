/**
 * Asks why a job waits, after checking what was asked.
 */
import { Effect } from "effect"
import * as ByHandInput from "../domain/ByHandInput.ts"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import * as Why from "../domain/Why.ts"
import { JobControl } from "./JobControl.ts"

/**
 * Why a job runs, waits or has ended. The nearest reason stands first, each with a code, a sentence
 * for people, and what would move the job. Where the job waits behind another one of its key, the
 * reasons of that job follow.
 *
 * The answer is of this moment, reads only, and takes some milliseconds at any number of jobs. It
 * names sessions that hold a job up as far as the role may see them, which `pg_read_all_stats`
 * decides. An id that cannot be meant fails as `JobInvalid`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Tick, undefined, { delay: "1 hour" })
 *   const { reasons, verdict } = yield* Job.why(id)
 *   yield* Effect.logInfo(`${verdict}: ${reasons.map(({ detail }) => detail).join("; ")}`)
 * })
 * ```
 */
export const why: (
  id: bigint
) => Effect.Effect<Why.Why, JobInvalid | StoreError, JobControl> = (id) =>
  Effect.andThen(
    Effect.fromResult(ByHandInput.ofJobs([id])),
    Effect.map(JobControl.use((control) => control.why(id)), Why.of)
  )
