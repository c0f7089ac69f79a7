/**
 * The layer of a kind's handler, which decodes the payload and calls the application's function.
 */
import { type Context, Effect, Exit, type Layer, Schema } from "effect"
import { PayloadInvalid } from "../../domain/Errors.ts"
import type { JobKind } from "../../domain/JobKind.ts"
import type { RunningJob } from "../../domain/JobRecord.ts"
import * as PayloadText from "../../domain/PayloadText.ts"
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
      const decode = decoder(kind)
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
