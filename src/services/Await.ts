/**
 * Waits for jobs after checking what was asked, and decodes how they ended.
 */
import { type Duration, Effect, type Exit, type Schema } from "effect"
import * as CancelInput from "../domain/CancelInput.ts"
import {
  type DuplicateJob,
  JobInvalid,
  type PayloadInvalid,
  type StoreError,
  WrongKind
} from "../domain/Errors.ts"
import {
  type AwaitInTransaction,
  AwaitTimeout,
  JobCancelled,
  type JobEnd,
  JobFailed,
  JobUnknown,
  ResultGone,
  ResultInvalid
} from "../domain/JobEnd.ts"
import type { JobKind } from "../domain/JobKind.ts"
import type { EnqueueOptions } from "../domain/JobRecord.ts"
import { AwaitWouldBlock, waitsFor } from "../domain/OwnJob.ts"
import { Awaits } from "./Awaits.ts"
import { enqueue } from "./Enqueue.ts"
import { JobControl } from "./JobControl.ts"
import type { JobRepo } from "./JobRepo.ts"
import { OwnJobs } from "./OwnJobs.ts"
import * as ResultCodec from "./ResultCodec.ts"

/** A kind of jobs with results. */
export interface Awaitable<
  Payload extends Schema.Top,
  Failure extends Schema.Top,
  Success extends Schema.Top,
  Rejects extends boolean = boolean
> extends JobKind<string, Payload, Rejects> {
  readonly error: Failure
  readonly success: Success
}

/** The ways in which waiting fails, beside the errors that a kind declares. */
export type AwaitError =
  | AwaitInTransaction
  | AwaitTimeout
  | AwaitWouldBlock
  | JobCancelled
  | JobFailed
  | JobInvalid
  | JobUnknown
  | ResultGone
  | ResultInvalid
  | StoreError
  | WrongKind

/** The errors that a kind declares; none if its handler may fail with any. */
export type DeclaredError<Failure extends Schema.Top> = unknown extends Failure["Type"] ? never
  : Failure["Type"]

/**
 * Waits until a job has ended, and answers its result: a value of the kind's `success`.
 *
 * If the job failed, this fails with the error of its last run, if the kind declares it; the error
 * is decoded, so it may come from another process. Otherwise it fails as `JobFailed`,
 * `JobCancelled`, `JobUnknown`, `ResultGone`, `ResultInvalid` or `WrongKind`. After `timeout` it
 * fails as `AwaitTimeout`, and the job goes on; so it does if the waiting is interrupted. There is
 * no limit by default.
 *
 * Waiting goes on while the job is tried again. All that wait in a process share their looks: 50 ms
 * after they began and then less often, once a second at last. They also share one connection that
 * listens, unless the client or the worker has `notify: "poll"`: then a result is seen some 50 ms
 * after its commit, and else at the next look. A handler that
 * waits keeps its slot. In an open transaction this fails as `AwaitInTransaction`, and in a handler
 * that waits for a job of its own queue and key, as `AwaitWouldBlock`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job, OnError } from "pgq"
 *
 * class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.String }) {}
 *
 * const Charge = Job.make("charge", {
 *   payload: Schema.Struct({ cents: Schema.Int }),
 *   success: Schema.Struct({ receipt: Schema.String }),
 *   error: Declined,
 *   onError: { Declined: OnError.fail }
 * })
 *
 * export const waiting = Effect.gen(function*() {
 *   const id = yield* enqueue(Charge, { cents: 500 })
 *   const { receipt } = yield* Job.await(Charge, id, { timeout: "30 seconds" })
 *   yield* Effect.logInfo(receipt)
 * }).pipe(Effect.catchTag("Declined", ({ code }) => Effect.logWarning(code)))
 * ```
 */
export function await_<
  Payload extends Schema.Top,
  Failure extends Schema.Top,
  Success extends Schema.Top
>(
  kind: Awaitable<Payload, Failure, Success>,
  id: bigint,
  options?: AwaitOptions
): Effect.Effect<
  Success["Type"],
  AwaitError | DeclaredError<Failure>,
  JobControl | Success["DecodingServices"] | Failure["DecodingServices"]
>
export function await_(
  kind: AnyKind,
  id: bigint,
  { timeout }: AwaitOptions = {}
): Effect.Effect<unknown, unknown, unknown> {
  return Effect.gen(function*() {
    const limit = yield* Effect.fromResult(CancelInput.ofJobs([id], { wait: timeout }))
    const control = yield* JobControl
    const own = yield* OwnJobs
    const noted = yield* Awaits
    const ended = noted(own, control.ended(id, { name: kind.name, own }))
    const end = yield* limit === undefined ? ended : Effect.timeoutOrElse(ended, {
      duration: limit,
      orElse: () => Effect.fail(new AwaitTimeout({ id }))
    })
    if ("name" in end && end.name !== kind.name) {
      return yield* new WrongKind({ id, name: end.name })
    }
    if (end._tag === "Other" && waitsFor({ ...end, id }, own)) {
      return yield* new AwaitWouldBlock({ id, key: end.key })
    }
    return yield* valueOf(kind, id, end)
  })
}

interface AwaitOptions {
  readonly timeout?: Duration.Input | undefined
}

type AnyKind = Awaitable<Schema.Top, Schema.Top, Schema.Top>

/**
 * Waits for all of these jobs, and answers how each of them ended, in the order given: as an exit,
 * because some may fail. `timeout` is that of each. It waits for jobs as `Job.await` does.
 *
 * @example
 * ```ts
 * import { Effect, Exit, Schema } from "effect"
 * import { enqueueAll, Job } from "pgq"
 *
 * const Add = Job.make("add", {
 *   payload: Schema.Struct({ a: Schema.Number, b: Schema.Number }),
 *   success: Schema.Number
 * })
 *
 * export const waiting = Effect.gen(function*() {
 *   const ids = yield* enqueueAll(Add, [{ payload: { a: 1, b: 2 } }, { payload: { a: 3, b: 4 } }])
 *   const exits = yield* Job.awaitAll(Add, ids, { timeout: "1 minute" })
 *   yield* Effect.logInfo(exits.map((exit) => Exit.isSuccess(exit) ? exit.value : "failed"))
 * })
 * ```
 */
export const awaitAll = <
  Payload extends Schema.Top,
  Failure extends Schema.Top,
  Success extends Schema.Top
>(
  kind: Awaitable<Payload, Failure, Success>,
  ids: ReadonlyArray<bigint>,
  options?: AwaitOptions
): Effect.Effect<
  ReadonlyArray<Exit.Exit<Success["Type"], AwaitError | DeclaredError<Failure>>>,
  never,
  JobControl | Success["DecodingServices"] | Failure["DecodingServices"]
> =>
  Effect.forEach(ids, (id) => Effect.exit(await_(kind, id, options)), {
    concurrency: "unbounded"
  })

/**
 * Waits for the first of these jobs to end, and answers its id and how it ended, as an exit. The
 * others go on. `timeout` is that of each: after it, the exit fails as `AwaitTimeout`. It waits for
 * jobs as `Job.await` does. Without a job this fails as `JobInvalid`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueueAll, Job } from "pgq"
 *
 * const Ask = Job.make("ask", {
 *   payload: Schema.String,
 *   success: Schema.String
 * })
 *
 * export const waiting = Effect.gen(function*() {
 *   const ids = yield* enqueueAll(Ask, [{ payload: "mirror a" }, { payload: "mirror b" }])
 *   const { exit, id } = yield* Job.awaitFirst(Ask, ids, { timeout: "1 minute" })
 *   yield* Effect.logInfo(`job ${id} was the first: ${exit._tag}`)
 * })
 * ```
 */
export const awaitFirst = <
  Payload extends Schema.Top,
  Failure extends Schema.Top,
  Success extends Schema.Top
>(
  kind: Awaitable<Payload, Failure, Success>,
  ids: ReadonlyArray<bigint>,
  options?: AwaitOptions
): Effect.Effect<
  {
    readonly id: bigint
    readonly exit: Exit.Exit<Success["Type"], AwaitError | DeclaredError<Failure>>
  },
  JobInvalid,
  JobControl | Success["DecodingServices"] | Failure["DecodingServices"]
> =>
  ids.length === 0
    ? Effect.fail(new JobInvalid({ issue: "there is no job to wait for" }))
    : Effect.raceAllFirst(
      ids.map((id) => Effect.map(Effect.exit(await_(kind, id, options)), (exit) => ({ id, exit })))
    )

/**
 * Adds a job, and waits until it has ended, as `enqueue` and `Job.await` do.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Add = Job.make("add", {
 *   payload: Schema.Struct({ a: Schema.Number, b: Schema.Number }),
 *   success: Schema.Number
 * })
 *
 * export const waiting = Effect.gen(function*() {
 *   const sum = yield* Job.run(Add, { a: 1, b: 2 }, { timeout: "1 minute" })
 *   yield* Effect.logInfo(`the sum is ${sum}`)
 * })
 * ```
 */
export const run = <
  Payload extends Schema.Top,
  Failure extends Schema.Top,
  Success extends Schema.Top,
  Rejects extends boolean
>(
  kind: Awaitable<Payload, Failure, Success, Rejects>,
  payload: Payload["Type"],
  { timeout, ...options }: EnqueueOptions & AwaitOptions = {}
): Effect.Effect<
  Success["Type"],
  | AwaitError
  | DeclaredError<Failure>
  | PayloadInvalid
  | (Rejects extends true ? DuplicateJob : never),
  | JobControl
  | JobRepo
  | Payload["EncodingServices"]
  | Success["DecodingServices"]
  | Failure["DecodingServices"]
> =>
  Effect.flatMap(
    enqueue<Payload, Rejects>(kind, payload, options),
    (id) => await_(kind, id, { timeout })
  )

const valueOf = (
  kind: AnyKind,
  id: bigint,
  end: JobEnd
): Effect.Effect<unknown, unknown, unknown> => {
  switch (end._tag) {
    case "Completed":
      return Effect.mapError(
        ResultCodec.decode(kind.success, end.value),
        (issue) => new ResultInvalid({ id, issue })
      )
    case "Invalid":
      return Effect.fail(new ResultInvalid({ id, issue: end.issue }))
    case "Gone":
      return Effect.fail(new ResultGone({ id }))
    case "Cancelled":
      return Effect.fail(new JobCancelled({ id, reason: end.reason }))
    case "Unknown":
      return Effect.fail(new JobUnknown({ id }))
    case "Other":
      return Effect.fail(new WrongKind({ id, name: end.name }))
    case "Failed": {
      const failed = new JobFailed({ id, outcome: end.outcome, error: end.error })
      return end.failure === undefined ? Effect.fail(failed) : Effect.matchEffect(
        ResultCodec.decode(kind.error, end.failure),
        { onFailure: () => Effect.fail(failed), onSuccess: (error) => Effect.fail(error) }
      )
    }
  }
}
