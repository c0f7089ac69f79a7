/**
 * The layer of a kind's handler, which decodes the payload and calls the application's function.
 */
import { Context, Effect, Exit, type Layer, Logger, type Schema } from "effect"
import type { JobKind } from "../../domain/JobKind.ts"
import type { CompletableJob } from "../../services/CompletableJob.ts"
import type { HandledJob } from "../../services/Handlers.ts"
import * as PayloadCodec from "../../services/PayloadCodec.ts"
import * as ResultCodec from "../../services/ResultCodec.ts"
import { RunLogger } from "../../services/RunLogger.ts"
import * as Handlers from "./Handler.ts"
import type { Handler } from "./Handler.ts"
import { call } from "./HandlerCall.ts"

/** The requirements of a handler's Effect; none for promises and values. */
export type Requirements<A> = A extends Effect.Effect<infer _A, infer _E, infer R> ? R : never

export const of = <
  Name extends string,
  Payload extends Schema.Top,
  Success extends Schema.Top,
  Given,
  A
>(
  { success, ...kind }: JobKind<Name, Payload> & { readonly success: Success | undefined },
  handler: (payload: Payload["Type"], job: CompletableJob<Given>) => A
): Layer.Layer<Handler<Name>, never, Needs<A, Payload, Success>> =>
  Handlers.layer(
    kind.name,
    (context: Context.Context<Needs<A, Payload, Success>>) => {
      const decode = PayloadCodec.decoder(kind)
      const encode = success === undefined ? undefined : ResultCodec.encoder(success)
      const isTransactional = kind.policy.transactional !== undefined
      const run = (value: Payload["Type"], job: HandledJob) => {
        const given = { context, own: [job], isTransactional }
        const running = kind.policy.log === undefined
          ? call(() => handler(value, job), given)
          : Effect.flatMap(
            withRunLogger(context),
            (context) => call(() => handler(value, job), { ...given, context })
          )
        // A run that has succeeded has its value encoded, whatever is asked of it meanwhile.
        return encode === undefined
          ? running
          : Effect.flatMap(running, (value) => Effect.provideContext(encode(value), context))
      }
      return {
        name: kind.name,
        policy: kind.policy,
        context: isTransactional ? context : undefined,
        encode: encode === undefined
          ? undefined
          : (value) => Effect.provideContext(encode(value), context),
        run: (payload, job) => {
          const decoded = decode(payload)
          // Most payloads are decoded synchronously; then the handler is called at once.
          return Exit.isExit(decoded)
            ? Effect.flatMapEager(decoded, (value) => run(value, job))
            : Effect.flatMap(
              Effect.provideContext(Effect.interruptible(decoded), context),
              (value) => run(value, job)
            )
        }
      }
    }
  )

/** Adds the logger of the run to those that the handler has without it. */
const withRunLogger = <R>(context: Context.Context<R>): Effect.Effect<Context.Context<R>> =>
  Effect.flatMap(RunLogger, (logger) =>
    logger === undefined ? Effect.succeed(context) : Effect.map(
      Effect.provideContext(Effect.service(Logger.CurrentLoggers), context),
      (loggers) => Context.add(context, Logger.CurrentLoggers, new Set([...loggers, logger]))
    ))

type Needs<A, Payload extends Schema.Top, Success extends Schema.Top> =
  | Requirements<A>
  | Payload["DecodingServices"]
  | Success["EncodingServices"]

/** The value of a run by which it is completed by hand; none if its kind has no results. */
export type Value<Success extends Schema.Top | undefined> = Success extends Schema.Top
  ? Success["Type"]
  : void

/** The services that encode the value of a run. */
export type Encoding<Success extends Schema.Top | undefined> = Success extends Schema.Top
  ? Success["EncodingServices"]
  : never
