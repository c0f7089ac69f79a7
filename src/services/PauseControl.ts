/**
 * The steps of operators that pause and resume queues and names.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { Pause, PauseAnswer, PauseTarget, PauseTerms, ResumeAnswer } from "../domain/Pause.ts"

/**
 * Pauses and resumes queues and names of jobs. `QueueLive.client` and `QueueLive.layer` provide the
 * service, and so do those of `MemoryQueue`. An application names it where it says what its own
 * functions need; `Queues.pause` and the like check their input and call its methods.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PauseControl, Queues } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   yield* Queues.pause("email", { reason: "the mail server is down" })
 *   const control = yield* PauseControl
 *   for (const { queue, reason } of yield* control.paused) {
 *     yield* Effect.logInfo(`${queue} is paused: ${reason}`)
 *   }
 * })
 * ```
 */
export class PauseControl extends Context.Service<PauseControl, {
  /** Pauses a queue, or the jobs of a name. */
  readonly pause: (
    target: PauseTarget,
    terms: PauseTerms
  ) => Effect.Effect<PauseAnswer, StoreError>

  /** Ends a pause. */
  readonly resume: (target: PauseTarget) => Effect.Effect<ResumeAnswer, StoreError>

  /** The pauses that last, by queue and name. */
  readonly paused: Effect.Effect<ReadonlyArray<Pause>, StoreError>
}>()("pgq/services/PauseControl") {}
