/**
 * A test's queue in memory. Time passes with the test's clock.
 */
import { Clock, Effect, Layer, Predicate } from "effect"
import { TestClock } from "effect/testing"
import { SettingInvalid } from "../../domain/Errors.ts"
import type { JobAdmin } from "../../services/JobAdmin.ts"
import type { JobControl } from "../../services/JobControl.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import type { HandlersOf } from "../job/Handler.ts"
import type { JobsOption, Kinds } from "../job/Jobs.ts"
import * as Memory from "../memory/MemorySchema.ts"
import * as Kit from "./Kit.ts"
import type { TestQueue } from "./TestQueue.ts"

/** The services of a test's queue. */
export type Services = JobAdmin | JobControl | JobRepo | TestQueue

/**
 * A queue in memory for a test, with the services of producers and operators. No worker runs by
 * itself: jobs run when the test calls `TestQueue.drain` or the like. `jobs` are the kinds that can
 * run; the layer requires the handler of each. Without `jobs`, jobs can be added and looked at.
 *
 * Effect's clock is the queue's clock. The layer takes the place of `QueueLive.layer` and
 * `QueueLive.client`: it is of no use beside them, as both provide `JobRepo`. A handler that needs
 * `JobRepo` itself gets it from `MemoryQueue.client`, which shares the queue of the same build.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 * const GreetLive = Greet.toLayer(({ name }) => Effect.logInfo(`hello ${name}`))
 *
 * const Queue = TestQueue.layer({ jobs: [Greet] }).pipe(Layer.provide(GreetLive))
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Greet, { name: "Ada" })
 *   yield* TestQueue.assertEnqueued(Greet, { payload: { name: "Ada" } })
 *   yield* TestQueue.drain()
 *   yield* TestQueue.refuteEnqueued(Greet)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export function layer(): Layer.Layer<Services>
export function layer<const Some extends Kinds>(
  options: JobsOption<Some>
): Layer.Layer<Services, SettingInvalid, HandlersOf<Some>>
export function layer<const Some extends Kinds>(
  options?: JobsOption<Some>
): Layer.Layer<Services, SettingInvalid, HandlersOf<Some>> {
  return Layer.provideMerge(Kit.layer<Some>(options?.jobs, travel), Memory.layer)
}

const travel: Kit.Kit["travel"] = (by) =>
  Effect.flatMap(Clock.Clock, (clock) =>
    Predicate.hasProperty(clock, "adjust")
      ? TestClock.adjust(by)
      : Effect.fail(
        new SettingInvalid({
          setting: "TestQueue",
          issue: "time passes in memory under a TestClock only, which it.effect provides"
        })
      ))
