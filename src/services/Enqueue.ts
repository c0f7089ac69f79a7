/**
 * Adds jobs after checking them against the schema of their kind.
 */
import { Effect, type Schema } from "effect"
import {
  DuplicateJob,
  type JobInvalid,
  type PayloadInvalid,
  type StoreError
} from "../domain/Errors.ts"
import type { JobKind, NoPayload } from "../domain/JobKind.ts"
import { type EnqueueOptions, newJob } from "../domain/JobRecord.ts"
import type { OfferedJob } from "../domain/Unique.ts"
import * as UniqueRule from "../domain/UniqueRule.ts"
import { JobRepo } from "./JobRepo.ts"
import * as PayloadCodec from "./PayloadCodec.ts"
import * as Sending from "./Sending.ts"

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
 * Where a tracer is installed, the call is a span `send {queue}`, and the run of the job takes part
 * in its trace. Below a span that is not sampled there is none.
 *
 * If the kind's jobs are unique, the id may be that of another job that stands for this one;
 * `offer` says which. Such a call may wait for another transaction that has the key, for up to 20
 * seconds.
 *
 * Fails as `PayloadInvalid` or `JobInvalid` before anything is sent, as `StoreError`, and if the
 * mode of its kind is "reject", as `DuplicateJob`.
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
export function enqueue<Rejects extends boolean>(
  kind: JobKind<string, NoPayload, Rejects>,
  payload?: undefined,
  options?: EnqueueOptions
): Enqueued<bigint, NoPayload, Rejects>
export function enqueue<Payload extends Schema.Top, Rejects extends boolean>(
  kind: JobKind<string, Payload, Rejects>,
  payload: Payload["Type"],
  options?: EnqueueOptions
): Enqueued<bigint, Payload, Rejects>
export function enqueue<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  payload: Payload["Type"],
  options?: EnqueueOptions
): Enqueued<bigint, Payload, true> {
  return Effect.map(addAll(kind, [{ payload, ...options }]), (ids) => ids[0]!)
}

/**
 * Adds many jobs of one kind, all or none, and answers with their ids in the order given. It joins
 * the transaction it is called in, and fails as `enqueue` does: with `DuplicateJob`, none is added.
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
export function enqueueAll<Rejects extends boolean>(
  kind: JobKind<string, NoPayload, Rejects>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload?: undefined }>
): Enqueued<ReadonlyArray<bigint>, NoPayload, Rejects>
export function enqueueAll<Payload extends Schema.Top, Rejects extends boolean>(
  kind: JobKind<string, Payload, Rejects>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload: Payload["Type"] }>
): Enqueued<ReadonlyArray<bigint>, Payload, Rejects>
export function enqueueAll<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<JobToAdd<Payload["Type"]>>
): Enqueued<ReadonlyArray<bigint>, Payload, true> {
  return addAll(kind, jobs)
}

const addAll = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<JobToAdd<Payload["Type"]>>
) {
  const repo = yield* JobRepo
  const checked = yield* check(kind, jobs)
  if (checked.every(({ unique }) => unique === undefined)) {
    return yield* Sending.enqueue(repo, checked)
  }
  const answers = yield* Sending.offer(repo, checked, { isWhole: true })
  const rejected = answers.find(({ outcome }) => outcome === "rejected")
  return rejected === undefined
    ? answers.map(({ id }) => id)
    : yield* new DuplicateJob({ name: kind.name, id: rejected.id })
})

/** A job to add, with or without a payload. */
export type JobToAdd<Payload> = EnqueueOptions & { readonly payload?: Payload }

/** The jobs as they are sent to a store. */
export const check = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<JobToAdd<Payload["Type"]>>
) {
  const encode = PayloadCodec.encoder(kind)
  const checked: Array<OfferedJob> = []
  for (const { payload, uniqueKey, ...options } of jobs) {
    const json = yield* encode(payload)
    const { expiresAt, expiresIn = expiresAt === undefined ? kind.expiresIn : undefined } = options
    const wanted = { ...options, expiresAt, expiresIn }
    const job = yield* Effect.fromResult(newJob(kind.name, json, wanted))
    const rule = kind.unique ?? (uniqueKey === undefined ? undefined : UniqueRule.keep)
    checked.push(
      rule === undefined || uniqueKey === false
        ? job
        : { ...job, unique: yield* Effect.fromResult(UniqueRule.wishOf(rule, payload, uniqueKey)) }
    )
  }
  return checked
})

/**
 * The result, the requirements and the errors of enqueuing; `Rejects` says whether the mode of the
 * kind is "reject".
 */
export type Enqueued<A, Payload extends Schema.Top, Rejects extends boolean = false> =
  Effect.Effect<
    A,
    JobInvalid | PayloadInvalid | StoreError | Duplicate<Rejects>,
    JobRepo | Payload["EncodingServices"]
  >

/** The error of a kind whose mode is "reject". */
export type Duplicate<Rejects extends boolean> = Rejects extends true ? DuplicateJob : never
