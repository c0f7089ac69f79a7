/**
 * The types of jobs, handlers and workers. `tsc` checks this file: a line that should be an error
 * and is not fails `npm run check:code`.
 */
// No program in this file runs; only its type is checked.
// @effect-diagnostics floatingEffect:off missingLayerContext:off
import type { PgClient } from "@effect/sql-pg"
import { it } from "@effect/vitest"
import { Context, Effect, type Exit, Layer, Schema } from "effect"
import { expectTypeOf } from "vitest"
import {
  AdvisoryLock,
  type CancelCounts,
  type Cancellation,
  type DuplicateJob,
  type EditAnswer,
  enqueue,
  enqueueAll,
  type Insight,
  Job,
  type JobAdmin,
  type JobControl,
  type JobInvalid,
  type JobRepo,
  type NotInTransaction,
  type Objectives,
  offer,
  offerAll,
  type Offered,
  type OfferOutcome,
  OnError,
  type Operations,
  type PauseAnswer,
  type PauseControl,
  type PayloadInvalid,
  PgSchema,
  QueueLive,
  Queues,
  type RetryAnswer,
  type RetryCounts,
  RowLock,
  type Series,
  type SettingInvalid,
  SoloLock,
  type StoreError,
  type WorkerControl,
  type WrongKind
} from "../../src/index.ts"
import { MemoryQueue } from "../../src/testing.ts"

const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
const Tick = Job.make("tick")
const named: string = "of run time"

const GreetLive = Greet.toLayer(({ name }) => name.length)
const TickLive = Tick.toLayer(() => undefined)

class Mailer extends Context.Service<Mailer, { readonly send: Effect.Effect<void> }>()("Mailer") {}

type Needs<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : "no layer"
type Gives<L> = L extends Layer.Layer<infer A, infer _E, infer _R> ? A : "no layer"

it("a handler has the name of its kind, and needs what its Effect needs", () => {
  expectTypeOf(GreetLive).toEqualTypeOf<Layer.Layer<Job.Handler<"greet">>>()
  expectTypeOf(Greet.toLayer(() => Mailer.use(({ send }) => send)))
    .toEqualTypeOf<Layer.Layer<Job.Handler<"greet">, never, Mailer>>()
  expectTypeOf(Greet.toLayer(async () => 1)).toEqualTypeOf<Layer.Layer<Job.Handler<"greet">>>()
})

it("a worker needs the handler of each kind, and no other", () => {
  const queue = QueueLive.layer({ jobs: [Greet, Tick], workers: 5 })
  expectTypeOf<Needs<typeof queue>>()
    .toEqualTypeOf<Job.Handler<"greet"> | Job.Handler<"tick"> | PgClient.PgClient>()
  expectTypeOf<Gives<typeof queue>>().toEqualTypeOf<
    | Insight
    | JobAdmin
    | JobControl
    | JobRepo
    | Objectives
    | Operations
    | PauseControl
    | Series
    | WorkerControl
  >()

  const half = Layer.provide(queue, TickLive)
  expectTypeOf<Needs<typeof half>>().toEqualTypeOf<Job.Handler<"greet"> | PgClient.PgClient>()
  const whole = Layer.provide(queue, Layer.merge(GreetLive, TickLive))
  expectTypeOf<Needs<typeof whole>>().toEqualTypeOf<PgClient.PgClient>()

  const memory = MemoryQueue.layer({ jobs: [Greet] })
  expectTypeOf<Needs<typeof memory>>().toEqualTypeOf<Job.Handler<"greet">>()
  expectTypeOf<Gives<typeof memory>>().toEqualTypeOf<Gives<typeof queue>>()
  expectTypeOf(MemoryQueue.client)
    .toEqualTypeOf<Layer.Layer<Exclude<Gives<typeof queue>, WorkerControl>>>()
})

it("a pause has a queue or a name", () => {
  expectTypeOf(Queues.pause({ name: Tick }, { for: "1 hour" })).toEqualTypeOf<
    Effect.Effect<PauseAnswer, JobInvalid | StoreError, PauseControl>
  >()
  // @ts-expect-error -- a number is neither
  Queues.pause(7)
  // @ts-expect-error -- the end of a pause is a Date
  Queues.pause("mail", { until: "tomorrow" })
})

it("a mode is swapped without a change of types", () => {
  const queue = Layer.provide(QueueLive.layer({ jobs: [Tick] }), TickLive)
  for (const mode of [RowLock.layer, SoloLock.layer, AdvisoryLock.layer({ key: 42n })]) {
    expectTypeOf(Layer.provide(queue, mode)).toEqualTypeOf(queue)
  }
})

/** Takes only a layer that needs nothing but a database client. */
const run = (program: Layer.Layer<never, unknown, PgClient.PgClient>) => program

it("the three likeliest mistakes do not compile", () => {
  // This worker lacks the handler of its jobs.
  // @ts-expect-error
  run(QueueLive.layer({ jobs: [Greet] }))

  // This handler is merged with the worker instead of provided to it.
  // @ts-expect-error
  run(Layer.merge(QueueLive.layer({ jobs: [Greet] }), GreetLive))

  // These two kinds have the same name.
  const Again = Job.make("greet", { payload: Schema.String })
  // @ts-expect-error
  QueueLive.layer({ jobs: [Greet, Tick, Again] })
  // @ts-expect-error
  MemoryQueue.layer({ jobs: [Greet, Greet] })

  run(Layer.provide(QueueLive.layer({ jobs: [Greet] }), GreetLive))
})

it("a worker has at least one kind of job", () => {
  // @ts-expect-error
  QueueLive.layer({ jobs: [] })
  // @ts-expect-error
  QueueLive.layer({ workers: 5 })
  // @ts-expect-error
  QueueLive.layer()
  // @ts-expect-error
  QueueLive.layer({ jobs: ["greet"] })
})

it("names that are known at run time alone are taken", () => {
  const some = [Job.make(named), Job.make(named)] as const
  const queue = QueueLive.layer({ jobs: some })
  expectTypeOf<Needs<typeof queue>>().toEqualTypeOf<Job.Handler<string> | PgClient.PgClient>()
})

it("jobs to cancel are named by a queue, a kind or a key", () => {
  expectTypeOf(Job.cancel(7n, { reason: "left", wait: "30 seconds" })).toEqualTypeOf<
    Effect.Effect<Cancellation, JobInvalid | StoreError, JobControl>
  >()
  expectTypeOf(Job.cancelAll({ name: Greet })).toEqualTypeOf<
    Effect.Effect<CancelCounts, JobInvalid | StoreError, JobControl>
  >()
  Job.cancelAll({ name: "greet", states: ["waiting"] })
  Job.cancelAll({ queue: "mail", name: undefined, limit: 10 })
  Job.cancelAll({ key: "k" }, { reason: "left" })
  // @ts-expect-error
  Job.cancelAll({})
  // @ts-expect-error
  Job.cancelAll({ states: ["waiting"], limit: 10 })
  // @ts-expect-error
  Job.cancelAll({ queue: undefined })
  // @ts-expect-error
  Job.cancelAll({ queue: "mail", states: ["ready"] })
  // @ts-expect-error
  Job.cancel(7)
})

it("finished jobs to retry are named in some way", () => {
  expectTypeOf(Job.retry([7n])).toEqualTypeOf<
    Effect.Effect<ReadonlyArray<RetryAnswer>, JobInvalid | StoreError, JobControl>
  >()
  expectTypeOf(Job.retryAll({ name: Greet, outcome: "failed" }, { limit: 10 })).toEqualTypeOf<
    Effect.Effect<RetryCounts, JobInvalid | StoreError, JobControl>
  >()
  // @ts-expect-error
  Job.retryAll({ outcome: "completed" })
  Job.retryAll({ queue: "mail" }, { rate: "100/s", edit: { maxAttempts: 3, priority: 1 } })
  // @ts-expect-error -- a rate has a time
  Job.retryAll({ queue: "mail" }, { rate: "100" })
  // @ts-expect-error
  Job.retry(7n)
})

it("a job is edited as its kind has it", () => {
  expectTypeOf(Job.edit(Greet, 7n, { payload: { name: "Ada" } })).toEqualTypeOf<
    Effect.Effect<EditAnswer, JobInvalid | PayloadInvalid | StoreError | WrongKind, JobControl>
  >()
  Job.edit(Greet, 7n, ({ name }) => ({ payload: { name: name.toUpperCase() } }))
  Job.edit(Tick, 7n, { priority: 3, delay: "1 hour", maxAttempts: 9, expiresIn: "1 day" })
  // @ts-expect-error
  Job.edit(Greet, 7n, { payload: { name: 1 } })
  // @ts-expect-error
  Job.edit(Greet, 7n, () => ({ payload: {} }))
  // @ts-expect-error
  Job.edit(Tick, 7n, { payload: {} })
  // @ts-expect-error
  Job.edit(Greet, 7n, { key: "k" })
})

it("a payload is given as the kind has it", () => {
  expectTypeOf(enqueue(Greet, { name: "Ada" })).toExtend<
    Effect.Effect<bigint, unknown, JobRepo>
  >()
  expectTypeOf<PayloadInvalid>().toExtend<Effect.Error<ReturnType<typeof enqueue>>>()
  enqueue(Greet, { name: "Ada" }, { key: "k", priority: 10 })
  enqueueAll(Greet, [{ payload: { name: "Ada" }, key: "k" }])
  enqueue(Greet, { name: "Ada" }, { expiresIn: "5 minutes" })
  enqueueAll(Greet, [{ payload: { name: "Ada" }, expiresAt: new Date() }])
  // @ts-expect-error
  enqueue(Greet, { name: "Ada" }, { expiresIn: "5 minutes", expiresAt: new Date() })
  // @ts-expect-error
  Job.make("otp", { expiresIn: true })
  // @ts-expect-error
  enqueue(Greet)
  // @ts-expect-error
  enqueue(Greet, { name: 1 })
  // @ts-expect-error
  enqueue(Greet, undefined, { key: "k" })
  // @ts-expect-error
  enqueueAll(Greet, [{ key: "k" }])
})

it("a job without a payload is added without one", () => {
  enqueue(Tick)
  enqueue(Tick, undefined, { key: "k", delay: "1 minute" })
  enqueueAll(Tick, [{}, { key: "k" }])
  expectTypeOf(TickLive).toEqualTypeOf<Layer.Layer<Job.Handler<"tick">>>()
  Tick.toLayer((payload, job) => {
    expectTypeOf(payload).toEqualTypeOf<undefined>()
    return job.id
  })
  // The options are in the place of the payload.
  // @ts-expect-error
  enqueue(Tick, { key: "k" })
})

it("an empty name does not compile, and a policy is checked", () => {
  // @ts-expect-error
  Job.make("")
  Job.make("tick", { maxAttempts: 3, onFail: "block" })
  // @ts-expect-error
  Job.make("tick", { onFail: "stop" })
  // @ts-expect-error
  Job.make("tick", { payload: "text" })
})

it("a schema is an option", () => {
  PgSchema.migrate()
  PgSchema.migrate({ schema: "other" })
  PgSchema.check({ schema: undefined })
  // @ts-expect-error
  PgSchema.migrate("other")
  // @ts-expect-error
  PgSchema.check("other")
})

it("a layer of a worker says how it fails", () => {
  const memory = Layer.provide(MemoryQueue.layer({ jobs: [Tick] }), TickLive)
  expectTypeOf<SettingInvalid>().toExtend<Layer.Error<typeof memory>>()
})

it("a kind says how its jobs are told apart, and whether one may be rejected", () => {
  const payload = Schema.Struct({ user: Schema.String, at: Schema.DateFromString })
  const one = { user: "u", at: new Date(0) }
  const Kept = Job.make("kept", { payload, unique: { by: ["user", "at"], within: "1 hour" } })
  const Rejected = Job.make("rejected", { payload, unique: { by: "user", mode: "reject" } })
  const Late = Job.make("late", {
    payload,
    debounce: { by: ({ at }) => at.toISOString(), wait: "1 second", maxWait: "1 minute" }
  })
  const Rare = Job.make("rare", { throttle: { every: "1 hour", trailing: true } })

  type Errors = JobInvalid | PayloadInvalid | StoreError
  const added = enqueue(Kept, one, { uniqueKey: "u-7" })
  expectTypeOf(added).toEqualTypeOf<Effect.Effect<bigint, Errors, JobRepo>>()
  expectTypeOf(enqueue(Rejected, one))
    .toEqualTypeOf<Effect.Effect<bigint, Errors | DuplicateJob, JobRepo>>()
  expectTypeOf(enqueueAll(Rejected, [{ payload: one }]))
    .toEqualTypeOf<Effect.Effect<ReadonlyArray<bigint>, Errors | DuplicateJob, JobRepo>>()
  expectTypeOf(offer(Late, one)).toEqualTypeOf<Effect.Effect<Offered, Errors, JobRepo>>()
  expectTypeOf(offer(Rare)).toEqualTypeOf<Effect.Effect<Offered, Errors, JobRepo>>()
  expectTypeOf(offerAll(Rejected, [{ payload: one, uniqueKey: false }])).toEqualTypeOf<
    Effect.Effect<ReadonlyArray<Offered<OfferOutcome | "rejected">>, Errors, JobRepo>
  >()

  // @ts-expect-error
  Job.make("wrong", { payload, unique: { by: "name" } })
  // @ts-expect-error
  Job.make("wrong", { payload, debounce: { by: ["user", "name"], wait: "1 second", maxWait: 9 } })
  // @ts-expect-error
  Job.make("wrong", { payload, debounce: { wait: "1 second" } })
  // @ts-expect-error
  Job.make("wrong", { payload, unique: {}, throttle: { every: "1 hour" } })
  // @ts-expect-error
  Job.make("wrong", { payload, unique: { mode: "drop" } })
  // @ts-expect-error
  Job.make("wrong", { unique: { by: ({ user }) => user } })
  // @ts-expect-error
  enqueue(Kept, one, { uniqueKey: true })
})

class Declined extends Schema.TaggedError<Declined>()("Declined", {}) {}
const Charge = Job.make("charge", {
  success: Schema.Struct({ receipt: Schema.String }),
  error: Declined,
  onError: { Declined: OnError.fail }
})
const Note = Job.make("note", { success: Schema.Void })

it("a handler comes to a result of its kind", () => {
  Charge.toLayer(() => ({ receipt: "1" }))
  Charge.toLayer(async () => ({ receipt: "1" }))
  Charge.toLayer(() => Effect.succeed({ receipt: "1" }))
  Note.toLayer(() => 7)
  // @ts-expect-error a value of another type
  Charge.toLayer(() => ({ receipt: 1 }))
  // @ts-expect-error a promise of another type
  Charge.toLayer(async () => ({ receipt: 1 }))
  // @ts-expect-error an Effect of another type
  Charge.toLayer(() => Effect.void)
})

it("a job is completed by hand with a result of its kind", () => {
  Charge.toLayer((_, job) => {
    expectTypeOf(job.complete({ receipt: "1" })).toEqualTypeOf<
      Effect.Effect<void, NotInTransaction | StoreError>
    >()
    // @ts-expect-error a value of another type
    job.complete({ receipt: 1 })
    // @ts-expect-error no value
    job.complete()
    return { receipt: "1" }
  })
  Tick.toLayer((_, job) => job.complete())
  // @ts-expect-error a value of a kind without results
  Tick.toLayer((_, job) => job.complete(7))
})

it("a transactional kind says how long its transactions may take", () => {
  Job.make("posted", { transactional: { timeout: "10 seconds" } })
  // @ts-expect-error no time
  Job.make("posted", { transactional: {} })
  // @ts-expect-error no time
  Job.make("posted", { transactional: true })
})

it("waiting is typed by the kind, both ways", () => {
  const charged = Job.await(Charge, 1n)
  expectTypeOf<Effect.Success<typeof charged>>().toEqualTypeOf<{ readonly receipt: string }>()
  expectTypeOf<Effect.Error<typeof charged>>().toEqualTypeOf<Declined | Job.AwaitError>()
  const noted = Job.await(Note, 1n)
  expectTypeOf<Effect.Error<typeof noted>>().toEqualTypeOf<Job.AwaitError>()
  // @ts-expect-error a kind without results
  Job.await(Tick, 1n)
  // @ts-expect-error a kind without results
  Job.run(Tick, undefined)
  // @ts-expect-error a kind without results
  Job.awaitFirst(Tick, [1n])
  const first = Job.awaitFirst(Charge, [1n])
  expectTypeOf<Effect.Success<typeof first>["exit"]>().toEqualTypeOf<
    Exit.Exit<{ readonly receipt: string }, Declined | Job.AwaitError>
  >()
})

it("a log has a level of Effect's, and a number of lines", () => {
  Job.make("import", { log: {} })
  // @ts-expect-error no level
  Job.make("import", { log: { level: "Loud" } })
  // @ts-expect-error no number
  Job.make("import", { log: { lines: "many" } })
})

it("the failures of a kind are reported by a kind of failed jobs", () => {
  const Alert = Job.make("alert", { payload: Job.FailedJob })
  const Charge = Job.make("charge", { onFailed: Alert })
  expectTypeOf(Charge.onFailed).toEqualTypeOf<typeof Alert>()
  expectTypeOf(Alert.onFailed).toEqualTypeOf<undefined>()
  expectTypeOf(Alert.toLayer(({ id }) => id)).toEqualTypeOf<Layer.Layer<Job.Handler<"alert">>>()
  expectTypeOf(enqueue(Charge)).toEqualTypeOf(enqueue(Tick))

  // @ts-expect-error -- a report has the payload Job.FailedJob
  Job.make("charge", { onFailed: Greet })
  // @ts-expect-error -- a report has a payload
  Job.make("charge", { onFailed: Tick })
  // @ts-expect-error -- a kind, not its name
  Job.make("charge", { onFailed: "alert" })
  // A report of a report, which might go on without end.
  const Audit = Job.make("audit", { payload: Job.FailedJob, onFailed: Alert })
  // @ts-expect-error
  Job.make("charge", { onFailed: Audit })
})
