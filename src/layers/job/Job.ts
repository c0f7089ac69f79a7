/**
 * Kinds of jobs and their handlers, as an application declares them.
 */
import { type Context, Effect, Exit, type Layer, Schema } from "effect"
import { PayloadInvalid } from "../../domain/Errors.ts"
import { defaults, type JobKind, NoPayload, type RetryPolicy } from "../../domain/JobKind.ts"
import type { RunningJob } from "../../domain/JobRecord.ts"
import * as PayloadText from "../../domain/PayloadText.ts"
import * as Handlers from "./Handler.ts"
import type { Handler } from "./Handler.ts"
import { call } from "./HandlerCall.ts"

export type { Handler, HandlersOf, Kind } from "./Handler.ts"
export type { JobsOption, Kinds } from "./Jobs.ts"

/**
 * A kind of job with the schema of its payload. `enqueue` is typed by it, and so is its handler.
 */
export interface Job<Name extends string, Payload extends Schema.Top>
  extends JobKind<Name, Payload>
{
  /**
   * A layer that makes the handler known to the worker it is provided to. The handler may return an
   * Effect, a promise or a value; the layer needs the services of its Effect. A run that fails,
   * dies, rejects or throws is tried again by the kind's policy. One kind has one handler: a worker
   * with two for a name is refused as `SettingInvalid`.
   */
  readonly toLayer: <A>(
    handler: (payload: Payload["Type"], job: RunningJob) => A
  ) => Layer.Layer<Handler<Name>, never, Requirements<A> | Payload["DecodingServices"]>
}

/** The requirements of a handler's Effect; none for promises and values. */
export type Requirements<A> = A extends Effect.Effect<infer _A, infer _E, infer R> ? R : never

/** A name that the compiler knows not to be empty. */
export type Named<Name extends string> = Name extends "" ? "a job needs a name" : Name

/** The options of a kind beside its name. */
export interface Options<Payload extends Schema.Top> extends Partial<RetryPolicy> {
  /** The schema of the payload. Without it, jobs of this kind have no payload. */
  readonly payload?: Payload | undefined
}

/**
 * Names a kind of job, its payload and how its runs are tried again.
 *
 * The name is 1 to 128 bytes of UTF-8 without a NUL character. An empty literal does not compile.
 * No other name is refused here: a wrong one fails as `JobInvalid` when a job is enqueued, before
 * anything is sent, and as `SettingInvalid` when a worker is built, before anything is claimed.
 *
 * Without a `payload`, jobs of this kind have none: `enqueue` is called with the kind alone, and
 * the handler gets `undefined`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Greet = Job.make("greet", {
 *   payload: Schema.Struct({ name: Schema.String }),
 *   maxAttempts: 10,
 *   backoffCap: "10 minutes"
 * })
 * const Tick = Job.make("tick")
 *
 * export const GreetLive = Greet.toLayer(({ name }, job) =>
 *   Effect.logInfo(`hello ${name}, try ${job.attempt}`)
 * )
 * export const TickLive = Tick.toLayer(async (_, { signal }) => {
 *   await fetch("http://localhost/tick", { signal })
 * })
 *
 * export const program = Effect.andThen(enqueue(Greet, { name: "Ada" }), enqueue(Tick))
 * ```
 */
export function make<const Name extends string, Payload extends Schema.Top = NoPayload>(
  name: Named<Name>,
  options?: Options<Payload>
): Job<Name, Payload>
export function make(name: string, options: Options<Schema.Top> = {}): Job<string, Schema.Top> {
  const { payload = NoPayload, ...policy } = options
  const kind = { name, payload, policy: { ...defaults, ...policy } }
  return { ...kind, toLayer: (handler) => layer(kind, handler) }
}

const layer = <Name extends string, Payload extends Schema.Top, A>(
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
