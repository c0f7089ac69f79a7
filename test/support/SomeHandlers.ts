/**
 * Handlers together with their kinds of jobs, so that a test need not name the kinds a second time.
 */
import { Array, Effect, Layer, type Scope } from "effect"
import { NoPayload } from "../../src/domain/JobKind.ts"
import * as Handler from "../../src/layers/job/Handler.ts"
import * as Job from "../../src/layers/job/Job.ts"
import type * as Services from "../../src/services/Handlers.ts"

export interface SomeHandlers {
  readonly jobs: Array.NonEmptyReadonlyArray<Handler.Kind>
  readonly layer: Layer.Layer<Handler.Handler<string>>
}

/**
 * The kinds and the handlers of a layer. A layer without handlers gets one for a job that is never
 * added.
 */
export const of = Effect.fnUntraced(
  function*<R>(layer: Layer.Layer<never, never, R>): Effect.fn.Return<
    SomeHandlers,
    never,
    R | Scope.Scope
  > {
    const handlers = yield* Handler.collect(layer)
    return named(Array.isReadonlyArrayNonEmpty(handlers) ? handlers : Array.of(yield* spare))
  }
)

const layerOf = (handler: Services.Handler) =>
  Handler.layer<string, never>(handler.name, () => handler)

/** The kinds and the layer of handlers whose names are known only at run time. */
export const named = (
  handlers: Array.NonEmptyReadonlyArray<Services.Handler>
): SomeHandlers => ({
  jobs: Array.map(handlers, ({ name, policy }) => ({
    name,
    payload: NoPayload,
    policy,
    unique: undefined,
    rejects: false
  })),
  layer: handlers.slice(1).reduce(
    (merged, handler) => Layer.merge(merged, layerOf(handler)),
    layerOf(handlers[0])
  )
})

const spare = Effect.map(
  Handler.collect(Job.make("added by nobody").toLayer(() => undefined)),
  ([handler]) => handler!
)
