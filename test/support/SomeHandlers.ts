/**
 * Handlers for a worker whose kinds of jobs a test does not name again, as a job script has them.
 */
import { Array, Effect, type Layer, type Scope } from "effect"
import * as Handler from "../../src/layers/job/Handler.ts"
import * as Job from "../../src/layers/job/Job.ts"

/** The kinds and the handlers of these layers; of none, those of a job that nobody adds. */
export const of = Effect.fnUntraced(
  function*<R>(layer: Layer.Layer<never, never, R>): Effect.fn.Return<
    ReturnType<typeof Handler.named>,
    never,
    R | Scope.Scope
  > {
    const handlers = yield* Handler.collect(layer)
    return Handler.named(
      Array.isReadonlyArrayNonEmpty(handlers) ? handlers : Array.of(yield* spare)
    )
  }
)

const spare = Effect.map(
  Handler.collect(Job.make("added by nobody").toLayer(() => undefined)),
  ([handler]) => handler!
)
