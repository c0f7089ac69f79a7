/**
 * Adds jobs after checking them against the schema of their kind.
 */
import { Effect, type Schema } from "effect"
import type { JobInvalid, PayloadInvalid, StoreError } from "../domain/Errors.ts"
import type { JobKind, NoPayload } from "../domain/JobKind.ts"
import { type EnqueueOptions, type NewJob, newJob } from "../domain/JobRecord.ts"
import { JobRepo } from "./JobRepo.ts"
import * as PayloadCodec from "./PayloadCodec.ts"

/**
 * Adds one job and answers with its id.
 *
 * The payload is checked with the kind's schema before anything is sent; a kind without a payload
 * is called without one, or with `undefined` before the options. It joins the transaction it is
 * called in: the job is there if and only if that commits. Outside of a transaction, many
 * concurrent calls become one statement, and an answer that is lost with the connection is asked
 * for again for half a minute. After that, `StoreError.isOutcomeUnknown` says that the job may have
 * been added.
 *
 * Fails as `PayloadInvalid` or `JobInvalid` before anything is sent, and as `StoreError`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Greet, { name: "Ada" }, { key: "customer-7", priority: 10 })
 *   yield* enqueue(Tick)
 *   yield* enqueue(Tick, undefined, { delay: "1 hour" })
 *   return id
 * })
 * ```
 */
export const enqueue: {
  (
    kind: JobKind<string, NoPayload>,
    payload?: undefined,
    options?: EnqueueOptions
  ): Enqueued<bigint, NoPayload>
  <Payload extends Schema.Top>(
    kind: JobKind<string, Payload>,
    payload: Payload["Type"],
    options?: EnqueueOptions
  ): Enqueued<bigint, Payload>
} = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  payload: Payload["Type"],
  options?: EnqueueOptions
): Enqueued<bigint, Payload> =>
  Effect.map(addAll(kind, [{ payload, ...options }]), (ids) => ids[0]!)

/**
 * Adds many jobs of one kind, all or none, and answers with their ids in the order given. It joins
 * the transaction it is called in, and fails as `enqueue` does.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueueAll, Job } from "pgq"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 *
 * export const program = Effect.flatMap(
 *   enqueueAll(Greet, [
 *     { payload: { name: "Ada" }, key: "customer-7" },
 *     { payload: { name: "Bob" }, delay: "1 hour" }
 *   ]),
 *   ([first, second]) => Effect.logInfo(`jobs ${first} and ${second}`)
 * )
 * ```
 */
export const enqueueAll: {
  (
    kind: JobKind<string, NoPayload>,
    jobs: ReadonlyArray<EnqueueOptions & { readonly payload?: undefined }>
  ): Enqueued<ReadonlyArray<bigint>, NoPayload>
  <Payload extends Schema.Top>(
    kind: JobKind<string, Payload>,
    jobs: ReadonlyArray<EnqueueOptions & { readonly payload: Payload["Type"] }>
  ): Enqueued<ReadonlyArray<bigint>, Payload>
} = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload?: Payload["Type"] }>
): Enqueued<ReadonlyArray<bigint>, Payload> => addAll(kind, jobs)

const addAll = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload?: Payload["Type"] }>
) {
  const repo = yield* JobRepo
  const encode = PayloadCodec.encoder(kind)
  const checked: Array<NewJob> = []
  for (const { payload, ...options } of jobs) {
    const json = yield* encode(payload)
    const { expiresAt, expiresIn = expiresAt === undefined ? kind.expiresIn : undefined } = options
    const wanted = { ...options, expiresAt, expiresIn }
    checked.push(yield* Effect.fromResult(newJob(kind.name, json, wanted)))
  }
  return yield* repo.enqueue(checked)
})

/** The result, the requirements and the errors of enqueuing. */
export type Enqueued<A, Payload extends Schema.Top> = Effect.Effect<
  A,
  JobInvalid | PayloadInvalid | StoreError,
  JobRepo | Payload["EncodingServices"]
>
