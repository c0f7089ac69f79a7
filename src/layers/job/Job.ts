/**
 * Kinds of jobs and their handlers: what an application writes to say which work there is.
 */
import { Context, Effect, Exit, Layer, Predicate, Schema } from "effect"
import { PayloadInvalid } from "../../domain/Errors.ts"
import { defaults, type JobKind, type RetryPolicy } from "../../domain/JobKind.ts"
import type { RunningJob } from "../../domain/JobRecord.ts"
import * as PayloadText from "../../domain/PayloadText.ts"
import type { Handler } from "../../services/Handlers.ts"

/** A kind of job with its payload's schema; typed for `enqueue`, and for the handler it becomes. */
export interface Job<Name extends string, Payload extends Schema.Top>
  extends JobKind<Name, Payload>
{
  /**
   * A layer that makes the handler known to the queue it is provided to. The handler may return an
   * Effect, a promise or a value; the layer needs the services of its Effect.
   */
  readonly toLayer: <A>(
    handler: (payload: Payload["Type"], job: RunningJob) => A
  ) => Layer.Layer<never, never, Requirements<A> | Payload["DecodingServices"]>
}

/** What an Effect returned by a handler needs; nothing for promises and values. */
export type Requirements<A> = A extends Effect.Effect<infer _A, infer _E, infer R> ? R : never

/** Names a kind of job, its payload and how its runs are tried again. */
export const make = <const Name extends string, Payload extends Schema.Top = typeof Schema.Unknown>(
  name: Name,
  options: { readonly payload: Payload } & Partial<RetryPolicy>
): Job<Name, Payload> => {
  const { payload, ...policy } = options
  const kind = { name, payload, policy: { ...defaults, ...policy } }
  return { ...kind, toLayer: (handler) => layer(kind, handler) }
}

const layer = <Name extends string, Payload extends Schema.Top, A>(
  kind: JobKind<Name, Payload>,
  handler: (payload: Payload["Type"], job: RunningJob) => A
): Layer.Layer<never, never, Requirements<A> | Payload["DecodingServices"]> =>
  Layer.effectContext(Effect.map(
    Effect.context<Requirements<A> | Payload["DecodingServices"]>(),
    (context) => {
      const decode = decoder(kind)
      return contextOf([{
        name: kind.name,
        policy: kind.policy,
        run: (payload, job) => {
          const decoded = decode(payload)
          // Most payloads are decoded without waiting for anything: then the handler is called at
          // once.
          return Exit.isExit(decoded)
            ? Effect.flatMapEager(decoded, (value) => started(() => handler(value, job), context))
            : Effect.flatMap(
              Effect.provideContext(Effect.interruptible(decoded), context),
              (value) => started(() => handler(value, job), context)
            )
        }
      }])
    }
  ))

/** The handler of a name without a schema: its payload is whatever JSON was stored. */
export const handlerOfName = <R>(
  name: string,
  handler: (payload: unknown, job: RunningJob) => unknown,
  context: Context.Context<R>
): Handler => ({
  name,
  policy: defaults,
  run: (payload, job) => started(() => handler(payload, job), context)
})

const keyPrefix = "pgq/Handler/"

/** Handlers as services, one for each name, so that layers of handlers merge like any others. */
export const contextOf = (handlers: Iterable<Handler>): Context.Context<never> => {
  let context = Context.empty()
  for (const handler of handlers) {
    context = Context.add(context, Context.Service<Handler>(keyPrefix + handler.name), handler)
  }
  return context
}

/** Every handler among the services of a context. */
export const handlersIn = (context: Context.Context<never>): ReadonlyArray<Handler> =>
  Array.from(context.mapUnsafe)
    .filter(([key]) => key.startsWith(keyPrefix))
    .map(([, handler]): Handler => handler)

const decoder = <Payload extends Schema.Top>(kind: JobKind<string, Payload>) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(kind.payload))
  return (payload: unknown): Effect.Effect<
    Payload["Type"],
    PayloadInvalid,
    Payload["DecodingServices"]
  > =>
    Effect.mapErrorEager(
      decode(payload),
      ({ message }) =>
        new PayloadInvalid({
          name: kind.name,
          issue: PayloadText.hasInfinite(payload)
            ? `${message}; it holds a number too large for JavaScript`
            : message
        })
    )
}

// A handler that has ended when it returns is an Exit, for which nobody has to wait.
//
// A promise cannot be interrupted: its run ends when it settles, and if it was done by then, it is
// done. Its signal, aborted before, tells it to hurry.
const started = <R>(
  handler: () => unknown,
  context: Context.Context<R>
): Effect.Effect<unknown, unknown> => {
  try {
    const returned = handler()
    if (isNeeding<R>(returned)) {
      if (!isRunnable(returned)) return Exit.die("an Effect that cannot be run was returned")
      return Effect.provideContext(Effect.interruptible(returned), context)
    }
    if (!isThenable(returned)) return Exit.succeed(returned)
    return Effect.tryPromise({ try: () => Promise.resolve(returned), catch: (error) => error })
  } catch (defect) {
    return Exit.die(defect)
  }
}

// Promises of other libraries, and queries that start when somebody waits for them, are no
// `Promise`.
const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  Predicate.hasProperty(value, "then") && typeof value.then === "function"

// A value that only claims to be an Effect would end the fiber that is to run it, or escape from
// it.
const isRunnable = (value: unknown): boolean =>
  Predicate.hasProperty(value, evaluate) && typeof value[evaluate] === "function"

const evaluate = "~effect/Effect/evaluate"

// A handler's layer was built with the services of its Effect.
const isNeeding = <R>(value: unknown): value is Effect.Effect<unknown, unknown, R> =>
  Effect.isEffect(value)
