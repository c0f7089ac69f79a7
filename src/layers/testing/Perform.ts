/**
 * Runs a handler without a queue.
 */
import { Clock, Duration, Effect, Exit, type Schema } from "effect"
import {
  type JobInvalid,
  NotInTransaction,
  type PayloadInvalid,
  type SettingInvalid
} from "../../domain/Errors.ts"
import type { JobKind, NoPayload } from "../../domain/JobKind.ts"
import { type ClaimedJob, type NewJob, newJob } from "../../domain/JobRecord.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import { HandlerMissing } from "../../domain/TestErrors.ts"
import * as PayloadCodec from "../../services/PayloadCodec.ts"
import { RunReports } from "../../services/RunReports.ts"
import type { Transactions } from "../../services/Transactions.ts"
import { kit } from "./Kit.ts"
import * as SingleRuns from "./SingleRuns.ts"
import type { TestQueue } from "./TestQueue.ts"

/** A run that no store has recorded. */
export interface Performed {
  /** The exit of the handler. */
  readonly exit: Exit.Exit<unknown, unknown>
  /** The settlement that follows from it. */
  readonly settlement: Settlement
}

/** The job's part of a run beside its payload. */
export interface PerformOptions {
  /** The number of the attempt. Defaults to 1. */
  readonly attempt?: number | undefined
  readonly key?: string | undefined
  /** Defaults to the kind's. */
  readonly maxAttempts?: number | undefined
  /** What `job.expiresAt` says. Defaults to the kind's `expiresIn` from now, if it has one. */
  readonly expiresAt?: Date | undefined
}

type Performing<Payload extends Schema.Top> = Effect.Effect<
  Performed,
  HandlerMissing | JobInvalid | PayloadInvalid | SettingInvalid,
  TestQueue | Payload["EncodingServices"]
>

/**
 * Runs the handler of a kind once, without a queue: nothing is enqueued and nothing recorded. The
 * payload is encoded and decoded, and the settlement decided, as for a job of a worker. Answers the
 * exit, whether it is a failure or not. A transactional kind runs without its transaction.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 *
 * const Queue = TestQueue.layer({ jobs: [Greet] }).pipe(
 *   Layer.provide(Greet.toLayer(({ name }) => `hello ${name}`))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const { settlement } = yield* TestQueue.perform(Greet, { name: "Ada" }, { attempt: 3 })
 *   yield* Effect.logInfo(settlement._tag)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const perform: {
  (
    kind: JobKind<string, NoPayload>,
    payload?: undefined,
    options?: PerformOptions
  ): Performing<NoPayload>
  <Payload extends Schema.Top>(
    kind: JobKind<string, Payload>,
    payload: Payload["Type"],
    options?: PerformOptions
  ): Performing<Payload>
} = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  payload: Payload["Type"],
  { attempt = 1, ...options }: PerformOptions = {}
): Performing<Payload> =>
  Effect.gen(function*() {
    const { handlers } = yield* kit
    if (handlers.find(kind.name) === undefined) {
      return yield* new HandlerMissing({ name: kind.name })
    }
    const json = yield* PayloadCodec.encoder(kind)(payload)
    const now = yield* Clock.currentTimeMillis
    const expiresAt = options.expiresAt ?? endOf(kind, now)
    const job = yield* Effect.fromResult(newJob(kind.name, json, { ...options, expiresAt }))
    const { ended, exit } = yield* Effect.scoped(
      Effect.flatMap(
        SingleRuns.make({ handlers, reports: unkept, transactions: none }),
        (run) => run(claimed(job, attempt))
      )
    )
    return { exit, settlement: ended.settlement }
  })

const endOf = ({ expiresIn }: JobKind<string, Schema.Top>, now: number): Date | undefined =>
  expiresIn && new Date(now + Duration.toMillis(expiresIn))

const unkept = RunReports.of({ keep: () => Effect.succeed([]) })

/** A run outside of a queue has no transaction, and completes nothing. */
const none: Transactions["Service"] = {
  run: ({ handler, onBegin }) =>
    Effect.sync(onBegin).pipe(
      Effect.andThen(Effect.exit(handler)),
      Effect.map((exit) => ({ isCommitted: Exit.isSuccess(exit), phase: "running", exit }))
    ),
  complete: ({ id }) => Effect.fail(new NotInTransaction({ id })),
  ask: () => Effect.succeed("lost")
}

const claimed = (job: NewJob, attempt: number): ClaimedJob => ({
  ...job,
  id: 0n,
  lease: "none",
  attempt,
  unhandledCount: 0,
  snoozeCount: 0,
  isSuspect: false
})
