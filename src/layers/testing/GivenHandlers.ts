/**
 * The handlers of a test's queue, and handlers that only answer.
 */
import { Effect, Exit, type Layer, type Schema } from "effect"
import type { SettingInvalid } from "../../domain/Errors.ts"
import type { Handlers } from "../../services/Handlers.ts"
import * as Handler from "../job/Handler.ts"
import type * as Job from "../job/Job.ts"
import type { Kinds } from "../job/Jobs.ts"

/** The handlers of these kinds; none without kinds. */
export const of = <const Some extends Kinds>(
  jobs: Some | undefined
): Effect.Effect<Handlers["Service"], SettingInvalid, Handler.HandlersOf<Some>> =>
  jobs === undefined ? Effect.succeed({ find: () => undefined }) : Handler.of<Some>(jobs)

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
