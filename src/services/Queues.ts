/**
 * Pauses and resumes queues and names of jobs, and sets how late queues may be, after checking what
 * was asked.
 */
import { type Duration, Effect } from "effect"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import * as Objective from "../domain/Objective.ts"
import type { Pause, PauseAnswer, ResumeAnswer } from "../domain/Pause.ts"
import * as PauseInput from "../domain/PauseInput.ts"
import { Objectives } from "./Objectives.ts"
import { PauseControl } from "./PauseControl.ts"

/**
 * The jobs to pause: a queue by its name, or the jobs of a name. Without a queue the name is paused
 * in all queues; the queue "*" alone stands for every job there is.
 */
export type Target = PauseInput.Target

/** How long a pause lasts, and why there is one. Without `until` and `for` it lasts. */
export type Terms = PauseInput.Terms

/**
 * Pauses a queue, or the jobs of a name: from now on no worker starts them, of whatever version it
 * is. The pause outlives all processes. Jobs are added, edited, cancelled and retried as before.
 *
 * A paused queue costs nothing while it waits, and its workers drain as if it were empty. Jobs of a
 * paused name are set aside as workers meet them, and the jobs behind them start. A lane waits at
 * its first paused job: it keeps its order.
 *
 * Running jobs run on, and jobs that a claim under way takes may start. With `cancelRunning` their
 * workers interrupt them and give them back: no attempt is used. The answer is "already paused" if
 * there is such a pause: its reason and times stay.
 *
 * A target, reason or time that cannot be meant fails as `JobInvalid` before anything is sent.
 * Joins the transaction it is called in.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job, Queues } from "pgq"
 *
 * const SendEmail = Job.make("send-email")
 *
 * export const program = Effect.gen(function*() {
 *   yield* Queues.pause("billing", { reason: "month end", for: "2 hours" })
 *   const answer = yield* Queues.pause({ name: SendEmail }, { cancelRunning: true })
 *   if (answer === "already paused") yield* Effect.logInfo("somebody was faster")
 *   yield* Queues.resume({ name: SendEmail })
 * })
 * ```
 */
export const pause: (
  target: Target,
  terms?: Terms
) => Effect.Effect<PauseAnswer, JobInvalid | StoreError, PauseControl> = Effect.fnUntraced(
  function*(target, terms = {}) {
    const checked = yield* Effect.fromResult(PauseInput.ofTarget(target))
    const how = yield* Effect.fromResult(PauseInput.ofTerms(terms))
    return yield* PauseControl.use((control) => control.pause(checked, how))
  }
)

/**
 * Ends the pause of exactly this target, and answers "not paused" if there is none. Workers go on
 * at once; jobs that were set aside come back within seconds, a million of them within minutes.
 *
 * Fails as `JobInvalid` before anything is sent if the target cannot be meant. Joins the
 * transaction it is called in.
 *
 * @example
 * ```ts
 * import { Queues } from "pgq"
 *
 * export const program = Queues.resume("billing")
 * ```
 */
export const resume: (
  target: Target
) => Effect.Effect<ResumeAnswer, JobInvalid | StoreError, PauseControl> = Effect.fnUntraced(
  function*(target) {
    const checked = yield* Effect.fromResult(PauseInput.ofTarget(target))
    return yield* PauseControl.use((control) => control.resume(checked))
  }
)

/**
 * The pauses that last, by queue and name.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Queues } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   for (const { name, queue, reason, until } of yield* Queues.paused) {
 *     yield* Effect.logInfo(`${queue} ${name ?? ""} ${until?.toISOString() ?? ""} ${reason ?? ""}`)
 *   }
 * })
 * ```
 */
export const paused: Effect.Effect<ReadonlyArray<Pause>, StoreError, PauseControl> = Effect.flatMap(
  PauseControl,
  (control) => control.paused
)

/**
 * Sets how long the ready jobs of a queue should wait at most, for all looks, metrics and verdicts:
 * a queue without an objective is late after a minute. The queue "*" stands for all queues that
 * have no objective of their own. No worker does anything else for it.
 *
 * A queue or a time that cannot be meant fails as `JobInvalid` before anything is sent: a time is
 * more than 0 and at most 36,500 days. Joins the transaction it is called in.
 *
 * @example
 * ```ts
 * import { Queues } from "pgq"
 *
 * export const program = Queues.setObjective("reports", "30 minutes")
 * ```
 */
export const setObjective: (
  queue: string,
  time: Duration.Input
) => Effect.Effect<Objective.ObjectiveAnswer, JobInvalid | StoreError, Objectives> = Effect
  .fnUntraced(function*(queue, time) {
    const seconds = yield* Effect.fromResult(Objective.ofInput(queue, time))
    return yield* Objectives.use((objectives) => objectives.set(queue, seconds))
  })

/**
 * Takes the objective of a queue back, and answers "not set" if it has none of its own.
 *
 * Fails as `JobInvalid` before anything is sent if the queue cannot be meant. Joins the transaction
 * it is called in.
 *
 * @example
 * ```ts
 * import { Queues } from "pgq"
 *
 * export const program = Queues.clearObjective("reports")
 * ```
 */
export const clearObjective: (
  queue: string
) => Effect.Effect<Objective.ObjectiveAnswer, JobInvalid | StoreError, Objectives> = Effect
  .fnUntraced(
    function*(queue) {
      yield* Effect.fromResult(Objective.ofQueue(queue))
      return yield* Objectives.use((objectives) => objectives.set(queue, undefined))
    }
  )

/**
 * The objectives of queues, by queue, 1,000 at most.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Queues } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   for (const { queue, seconds } of yield* Queues.objectives) {
 *     yield* Effect.logInfo(`${queue}: ${seconds} s`)
 *   }
 * })
 * ```
 */
export const objectives: Effect.Effect<
  ReadonlyArray<Objective.Objective>,
  StoreError,
  Objectives
> = Effect.flatMap(Objectives, ({ all }) => all)
