/**
 * Retries and discards jobs after checking what was asked.
 */
import { Effect } from "effect"
import type {
  CopyAnswer,
  DiscardAnswer,
  FinishedSelection,
  Rate,
  RetryAnswer,
  RetryCounts,
  RetryEdit,
  RetryFilter,
  RetrySpread
} from "../domain/ByHand.ts"
import * as ByHandInput from "../domain/ByHandInput.ts"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import { JobControl } from "./JobControl.ts"

/**
 * Tries jobs again, and answers for each in the order given.
 *
 * A job that failed, crashed, expired, or was cancelled or discarded is queued again, as if it had
 * never run: with its id, and so first in its lane among the jobs of its priority. It does not
 * expire again. That goes for as long as the history keeps the job. A job that waits for a time,
 * for its next attempt, or for somebody to unblock its lane starts at once, with the attempts that
 * it has used. Other jobs are left as they are: a second `retry` of a job changes nothing. So is a
 * job whose unique key another job has taken since.
 *
 * With `as: "new"` a finished job stays as it is, whatever its outcome, and a job like it is added
 * under an id of its own: last in its lane, and with the unique key, if the job had one. Each call
 * adds another one. The history goes on to say how the old job ended, and a later `retry` or
 * `retryAll` may queue it again: where each failure is to be tried again once, leave `as` out. A
 * job that has not ended is left as it is.
 *
 * Joins the transaction it is called in. Input that cannot be meant fails as `JobInvalid`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Charge = Job.make("charge")
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Charge, undefined, { delay: "1 day" })
 *   const [answer] = yield* Job.retry([id])
 *   if (answer?._tag === "Retried") yield* Effect.logInfo("it starts at once")
 *   if (answer?._tag === "Redriven") yield* Effect.logInfo("it is queued again")
 *   const [copy] = yield* Job.retry([id], { as: "new" })
 *   if (copy?._tag === "Copied") yield* Effect.logInfo(`job ${copy.newId} does the same`)
 * })
 * ```
 */
export function retry(
  ids: ReadonlyArray<bigint>,
  options?: { readonly as?: "same" | undefined }
): Effect.Effect<ReadonlyArray<RetryAnswer>, JobInvalid | StoreError, JobControl>
export function retry(
  ids: ReadonlyArray<bigint>,
  options: { readonly as: "new" }
): Effect.Effect<ReadonlyArray<CopyAnswer>, JobInvalid | StoreError, JobControl>
export function retry(
  ids: ReadonlyArray<bigint>,
  { as }: { readonly as?: "same" | "new" | undefined } = {}
): Effect.Effect<ReadonlyArray<RetryAnswer | CopyAnswer>, JobInvalid | StoreError, JobControl> {
  return Effect.andThen(
    Effect.fromResult(ByHandInput.ofJobs(ids, as)),
    JobControl.use((control): Retried => as === "new" ? control.copy(ids) : control.retry(ids))
  )
}

type Retried = Effect.Effect<ReadonlyArray<RetryAnswer | CopyAnswer>, StoreError>

/**
 * Queues all finished jobs again that fit the selection, as `Job.retry` does, and answers how many.
 * Without an outcome these are jobs that failed or crashed. `errorLike` is a part of their error;
 * upper and lower case differ. A job whose history another transaction locks is counted as held,
 * and left as it is. With a `rate` such as `"100/s"`, the jobs may start one after the other, so
 * that they do not come all at once: each has a time to run at. Until then, other jobs of its key
 * may go first. With an `edit` all of them get a new priority, or a new number of attempts: a small
 * one, and jobs whose cause has not gone away fail soon again.
 *
 * It goes on in steps of some hundreds of jobs, by their ids. If one step fails, the jobs of the
 * steps before it are queued, and another call goes on with the rest. A job that fails again
 * meanwhile is not queued twice.
 *
 * Input that cannot be meant fails as `JobInvalid` before anything is sent: so does a selection
 * without a field.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 *
 * const Charge = Job.make("charge")
 *
 * export const program = Effect.gen(function*() {
 *   const since = new Date(Date.now() - 86_400_000)
 *   const { held, redriven } = yield* Job.retryAll(
 *     { name: Charge, since, errorLike: "timeout" },
 *     { limit: 10_000, edit: { maxAttempts: 3 } }
 *   )
 *   yield* Effect.logInfo(`${redriven} queued again, ${held} held`)
 * })
 * ```
 */
export const retryAll: (
  selection: FinishedSelection,
  options?: {
    readonly limit?: number | undefined
    readonly rate?: Rate | undefined
    readonly edit?: RetryEdit | undefined
  }
) => Effect.Effect<RetryCounts, JobInvalid | StoreError, JobControl> = Effect.fnUntraced(
  function*(selection, options = {}) {
    const filter = yield* Effect.fromResult(ByHandInput.ofMany(selection, options))
    const perSecond = yield* Effect.fromResult(ByHandInput.ofRate(options.rate))
    const edit = yield* Effect.fromResult(ByHandInput.ofRetryEdit(options.edit))
    return yield* inSteps(filter, { ...options, edit, perSecond, onStep: () => Effect.void })
  }
)

/** Queues jobs again step by step, and says after each step how many there were until then. */
export const inSteps = Effect.fnUntraced(function*<R>(filter: RetryFilter, options: {
  readonly limit?: number | undefined
  readonly perSecond?: number | undefined
  readonly edit?: RetryEdit | undefined
  readonly onStep: (counts: RetryCounts) => Effect.Effect<void, never, R>
}) {
  const { edit, limit, onStep, perSecond } = options
  const control = yield* JobControl
  let spread: RetrySpread | undefined = perSecond === undefined ? undefined : { perSecond }
  let counts: RetryCounts = { redriven: 0, conflicts: 0, held: 0 }
  let after: bigint | undefined = lowestId
  while (after !== undefined) {
    const left: number | undefined = limit && limit - counts.redriven
    if (left === 0) return counts
    const step: Step = yield* control.retrySome(filter, { after, limit: left, spread, edit })
    spread &&= { ...spread, from: step.next }
    counts = {
      redriven: counts.redriven + step.redriven,
      conflicts: counts.conflicts + step.conflicts,
      held: counts.held + step.held
    }
    after = step.last
    yield* onStep(counts)
  }
  return counts
})

type Step = Effect.Success<ReturnType<JobControl["Service"]["retrySome"]>>

const lowestId = -(2n ** 63n)

/**
 * Ends jobs for good that wait, and answers for each in the order given. They stand in the history
 * as discarded, and can be retried. A lane that such a job blocked goes on. A job that is leased to
 * a worker is left to it: `Job.cancel` stops it.
 *
 * Joins the transaction it is called in. Input that cannot be meant fails as `JobInvalid`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Charge = Job.make("charge", { onFail: "block" })
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Charge, undefined, { key: "customer-7" })
 *   const [answer] = yield* Job.discard([id])
 *   if (answer?._tag === "Finished") yield* Effect.logInfo(`too late: ${answer.outcome}`)
 * })
 * ```
 */
export const discard: (
  ids: ReadonlyArray<bigint>
) => Effect.Effect<ReadonlyArray<DiscardAnswer>, JobInvalid | StoreError, JobControl> = (ids) =>
  Effect.andThen(
    Effect.fromResult(ByHandInput.ofJobs(ids)),
    JobControl.use((control) => control.discard(ids))
  )
