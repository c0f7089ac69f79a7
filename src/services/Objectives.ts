/**
 * How late queues may be.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { Objective, ObjectiveAnswer } from "../domain/Objective.ts"

/**
 * Keeps how late the jobs of each queue may be. `QueueLive.client` and `QueueLive.layer` provide
 * the service, and so do those of `MemoryQueue`. An application names it where it says what its own
 * functions need; `Queues.setObjective` and the like check their input and call its methods.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Objectives, Queues } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   yield* Queues.setObjective("email", "5 minutes")
 *   for (const { queue, seconds } of yield* Objectives.use(({ all }) => all)) {
 *     yield* Effect.logInfo(`a job of ${queue} should wait for ${seconds} seconds at most`)
 *   }
 * })
 * ```
 */
export class Objectives extends Context.Service<Objectives, {
  /** Sets the objective of a queue, in seconds. `undefined` clears it. */
  readonly set: (
    queue: string,
    seconds: number | undefined
  ) => Effect.Effect<ObjectiveAnswer, StoreError>

  /** The objectives, by queue; 1,000 at most. */
  readonly all: Effect.Effect<ReadonlyArray<Objective>, StoreError>
}>()("pgq/services/Objectives") {}
