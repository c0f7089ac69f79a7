/**
 * Handlers as services. The name of the kind is part of a handler's type, so that the compiler
 * finds missing handlers.
 */
import { Context, Effect, Layer, Option, type Schema, type Scope, Tracer } from "effect"
import { SettingInvalid } from "../../domain/Errors.ts"
import { defaults, type JobKind, kindsIssue } from "../../domain/JobKind.ts"
import type * as Services from "../../services/Handlers.ts"

/** The handler of a kind: the layer of `toLayer` provides it, and a worker requires it. */
export interface Handler<in out Name extends string> {
  readonly "~pgq/Handler": Name
}

/** Any kind of job. */
export type Kind = JobKind<string, Schema.Top>

/** The handlers of these kinds. */
export type HandlersOf<Kinds extends ReadonlyArray<Kind>> = HandlerOf<Kinds[number]["name"]>

type HandlerOf<Name extends string> = Name extends string ? Handler<Name> : never

/**
 * A layer with one handler. Of two layers with the same name the later one hides the earlier one,
 * so each layer provides its handler a second time under a key of its own.
 */
export const layer = <Name extends string, R>(
  name: Name,
  make: (context: Context.Context<R>) => Services.Handler
): Layer.Layer<Handler<Name>, never, R> => {
  const nth = layersMade.get(name) ?? 0
  layersMade.set(name, nth + 1)
  return Layer.effectContext(Effect.gen(function*() {
    const handler = make(withoutSpan(yield* Effect.context<R>()))
    const collected = yield* Collected
    collected?.push(handler)
    return Context.make(keyOf(name), handler).pipe(Context.add(keyOfLayer(name, nth), handler))
  }))
}

/** The span in which a layer is built is of no run. */
const withoutSpan = <R>(context: Context.Context<R>): Context.Context<R> => {
  const services = new Map(context.mapUnsafe)
  services.delete(Tracer.ParentSpan.key)
  return Context.makeUnsafe(services)
}

const keyOf = <Name extends string>(name: Name) =>
  Context.Service<Handler<Name>, Services.Handler>(`pgq/Handler/${name}`)

const keyOfLayer = <Name extends string>(name: Name, nth: number) =>
  Context.Service<Handler<Name>, Services.Handler>(`pgq/HandlerLayer/${nth}/${name}`)

const layersMade = new Map<string, number>()

/** The handlers of these kinds. Each kind must have exactly one. */
export const of = <const Kinds extends ReadonlyArray<Kind>>(kinds: Kinds): Effect.Effect<
  Services.Handlers["Service"],
  SettingInvalid,
  HandlersOf<Kinds>
> =>
  Effect.flatMap(Effect.context<HandlersOf<Kinds>>(), (context) => {
    const issue = kindsIssue(kinds)
    if (issue !== undefined) return refused(issue)
    const handlers = new Map<string, Services.Handler>()
    for (const { name } of kinds) {
      const handler = Context.getOption(context, keyOf(name))
      if (Option.isNone(handler)) {
        return refused(`"${name}" has no handler; provide the layer that its toLayer makes`)
      }
      if (layersIn(context, name) > 1) return refused(`two handlers for "${name}"`)
      handlers.set(name, handler.value)
    }
    return Effect.succeed(service(handlers))
  })

const service = (
  handlers: ReadonlyMap<string, Services.Handler>
): Services.Handlers["Service"] => ({
  find: (name) => handlers.get(name),
  names: Array.from(handlers.keys())
})

const layersIn = (context: Context.Context<never>, name: string): number => {
  let count = 0
  for (let nth = 0; nth < (layersMade.get(name) ?? 0); nth++) {
    if (Option.isSome(Context.getOption(context, keyOfLayer(name, nth)))) count++
  }
  return count
}

const refused = (issue: string) => Effect.fail(new SettingInvalid({ setting: "jobs", issue }))

/**
 * A list that each handler is added to when its layer is built, for callers that do not know the
 * names.
 */
const Collected = Context.Reference<Array<Services.Handler> | undefined>(
  "pgq/layers/job/Handler/Collected",
  { defaultValue: () => undefined }
)

/** Builds layers of handlers and answers the handlers, for callers that do not know the names. */
export const collect = <E, R>(layer: Layer.Layer<never, E, R>): Effect.Effect<
  ReadonlyArray<Services.Handler>,
  E,
  R | Scope.Scope
> =>
  Effect.suspend(() => {
    const handlers: Array<Services.Handler> = []
    return Effect.as(
      Effect.provideService(Layer.build(layer), Collected, handlers),
      handlers
    )
  })

/** The handlers of a job script, which registers them at run time. */
export const byName = (
  handlers: ReadonlyArray<Services.Handler>
): Services.Handlers["Service"] => {
  // A script may have an older copy of pgq, whose policies say less.
  const named = new Map(handlers.map((handler) => [
    handler.name,
    { ...handler, policy: { ...defaults, ...handler.policy } }
  ]))
  return service(named)
}
