/**
 * Cancels jobs after checking what was asked.
 */
import { Array, type Duration, Effect, Schedule } from "effect"
import * as CancelInput from "../domain/CancelInput.ts"
import {
  type CancelCounts,
  type CancelFilter,
  Cancellation,
  type Selection
} from "../domain/Cancellation.ts"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import { JobControl } from "./JobControl.ts"

/**
 * Cancels a job, wherever it is, and answers what came of it.
 *
 * A job that waits ends as cancelled: also one that is delayed, or behind its key, or that blocks
 * its lane. A job that is leased to a worker is `Stopping`: the worker interrupts its run, or does
 * not start it. However the run ends, the job does not start again: it ends as cancelled, unless
 * the run succeeds or fails for good. With `wait`, the answer for such a job comes when it has
 * ended; if the time is over before, the answer is `Stopping`.
 *
 * `reason` has 1 to 1,000 characters and stands in the history, in the place of an error. Other
 * input fails as `JobInvalid` before anything is sent. In a transaction, the worker hears of it
 * when that commits, so `wait` only outside of one.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Render = Job.make("render")
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Render)
 *   const answer = yield* Job.cancel(id, { reason: "customer left", wait: "30 seconds" })
 *   if (answer._tag === "Stopping") yield* Effect.logWarning(`${answer.worker} still renders`)
 *   if (answer._tag === "Finished") yield* Effect.logInfo(`too late: ${answer.outcome}`)
 * })
 * ```
 */
export const cancel: (
  id: bigint,
  options?: Options
) => Effect.Effect<Cancellation, JobInvalid | StoreError, JobControl> = (id, options) =>
  Effect.map(each([id], options), ([answer = Cancellation.Unknown()]) => answer)

/** Cancels these jobs, and waits for all of them at once. Answers for each, in the order given. */
export const each = Effect.fnUntraced(
  function*(ids: ReadonlyArray<bigint>, options: Options = {}) {
    const wait = yield* Effect.fromResult(CancelInput.ofJobs(ids, options))
    const control = yield* JobControl
    const answers = yield* control.cancel(ids, { reason: options.reason })
    if (wait === undefined) return answers
    const end = (answer: Cancellation, id: bigint) =>
      answer._tag === "Stopping"
        ? Effect.timeoutOrElse(endOf(control, id), {
          duration: wait,
          orElse: () => Effect.succeed(answer)
        })
        : Effect.succeed(answer)
    return yield* Effect.forEach(
      Array.zip(answers, ids),
      ([answer, id]) => end(answer, id),
      { concurrency: "unbounded" }
    )
  }
)

/** The options of a job to cancel. */
interface Options {
  readonly reason?: string | undefined
  readonly wait?: Duration.Input | undefined
}

/** Asks until the job has ended. */
const endOf = (
  control: JobControl["Service"],
  id: bigint
): Effect.Effect<Cancellation, StoreError> =>
  Effect.map(
    Effect.repeat(control.outcomeOf(id), {
      while: (outcome) => outcome === "unfinished",
      schedule: pauses
    }),
    (outcome) =>
      outcome === "cancelled"
        ? Cancellation.Cancelled()
        : outcome === "unfinished" || outcome === "unknown"
        ? Cancellation.Unknown()
        : Cancellation.Finished({ outcome })
  )

const pauses = Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("500 millis")])

/**
 * Cancels all jobs of a queue, of a name or with a key, as `Job.cancel` does, and answers how many
 * have ended, and how many are leased to workers, which are told to interrupt them. A job whose row
 * another transaction locks is counted as held, and left as it is.
 *
 * It goes on in steps of some hundreds of jobs. If one step fails, the jobs of the steps before it
 * are cancelled; those that wait can be cancelled by another call. Jobs that are added meanwhile
 * may be among those that are cancelled.
 *
 * Input that cannot be meant fails as `JobInvalid` before anything is sent: so does a selection
 * without a queue, a name and a key.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueueAll, Job } from "pgq"
 *
 * const SendEmail = Job.make("send-email")
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueueAll(SendEmail, [{ key: "customer-7" }, { key: "customer-8" }])
 *   const { cancelled, held, stopping } = yield* Job.cancelAll(
 *     { name: SendEmail, key: "customer-7" },
 *     { reason: "customer left" }
 *   )
 *   yield* Effect.logInfo(`${cancelled} cancelled, ${stopping} stopping, ${held} held`)
 *   yield* Job.cancelAll({ queue: "default", states: ["waiting"], limit: 10_000 })
 * })
 * ```
 */
export const cancelAll: (
  selection: Selection,
  options?: { readonly reason?: string | undefined }
) => Effect.Effect<CancelCounts, JobInvalid | StoreError, JobControl> = Effect.fnUntraced(
  function*(selection, options = {}) {
    const filter = yield* Effect.fromResult(CancelInput.ofMany(selection, options))
    return yield* inSteps(filter, { ...options, onStep: () => Effect.void })
  }
)

/** Cancels jobs step by step, and says after each step how many there were until then. */
export const inSteps = Effect.fnUntraced(function*<R>(filter: CancelFilter, { onStep, reason }: {
  readonly reason?: string | undefined
  readonly onStep: (counts: CancelCounts) => Effect.Effect<void, never, R>
}) {
  const control = yield* JobControl
  let counts: CancelCounts = { cancelled: 0, stopping: 0, held: 0 }
  let after: bigint | undefined = lowestId
  while (after !== undefined) {
    const limit: number | undefined = filter.limit &&
      filter.limit - counts.cancelled - counts.stopping
    if (limit === 0) return counts
    const step: Step = yield* control.cancelSome({ ...filter, limit }, { after, reason })
    counts = {
      cancelled: counts.cancelled + step.cancelled,
      stopping: counts.stopping + step.stopping,
      held: counts.held + step.held
    }
    after = step.last
    yield* onStep(counts)
  }
  return counts
})

type Step = Effect.Success<ReturnType<JobControl["Service"]["cancelSome"]>>

const lowestId = -(2n ** 63n)
