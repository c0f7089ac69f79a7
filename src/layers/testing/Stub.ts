/**
 * Handlers that only answer.
 */
import { type Effect, Exit, type Layer, type Schema } from "effect"
import type * as Handler from "../job/Handler.ts"
import type * as Job from "../job/Job.ts"

/**
 * A handler for the jobs of a kind that does nothing and ends with this exit, a success by default.
 *
 * @example
 * ```ts
 * import { Effect, Exit, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Charge = Job.make("charge")
 *
 * const Queue = TestQueue.layer({ jobs: [Charge] }).pipe(
 *   Layer.provide(TestQueue.stub(Charge, Exit.fail("card declined")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Charge)
 *   const [run] = yield* TestQueue.drain({ onFailure: "record" })
 *   yield* Effect.logInfo(run?.settlement._tag)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const stub = <
  Name extends string,
  Payload extends Schema.Top,
  Failure extends Schema.Top
>(
  kind: Job.Job<Name, Payload, Failure>,
  exit: Exit.Exit<unknown, Failure["Type"]> = Exit.void
): Layer.Layer<Handler.Handler<Name>, never, Payload["DecodingServices"]> =>
  kind.toLayer((): Effect.Effect<unknown, Failure["Type"]> => exit)
