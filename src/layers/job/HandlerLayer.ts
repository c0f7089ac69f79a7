/**
 * The layer of a kind's handler, which decodes the payload and calls the application's function.
 */
import { type Context, Effect, Exit, type Layer, type Schema } from "effect"
import type { JobKind } from "../../domain/JobKind.ts"
import type { RunningJob } from "../../domain/JobRecord.ts"
import * as PayloadCodec from "../../services/PayloadCodec.ts"
import * as Handlers from "./Handler.ts"
import type { Handler } from "./Handler.ts"
import { call } from "./HandlerCall.ts"

/** The requirements of a handler's Effect; none for promises and values. */
export type Requirements<A> = A extends Effect.Effect<infer _A, infer _E, infer R> ? R : never

export const of = <Name extends string, Payload extends Schema.Top, A>(
  kind: JobKind<Name, Payload>,
  handler: (payload: Payload["Type"], job: RunningJob) => A
): Layer.Layer<Handler<Name>, never, Requirements<A> | Payload["DecodingServices"]> =>
  Handlers.layer(
    kind.name,
    (context: Context.Context<Requirements<A> | Payload["DecodingServices"]>) => {
      const decode = PayloadCodec.decoder(kind)
      return {
        name: kind.name,
        policy: kind.policy,
        run: (payload, job) => {
          const decoded = decode(payload)
          // Most payloads are decoded synchronously; then the handler is called at once.
          return Exit.isExit(decoded)
            ? Effect.flatMapEager(decoded, (value) => call(() => handler(value, job), context))
            : Effect.flatMap(
              Effect.provideContext(Effect.interruptible(decoded), context),
              (value) => call(() => handler(value, job), context)
            )
        }
      }
    }
  )
