/**
 * The types of declared errors and their rules. `tsc` checks this file: a line that should be an
 * error and is not fails `npm run check:code`.
 */
// No program in this file runs; only its type is checked.
// @effect-diagnostics floatingEffect:off missingLayerContext:off missingEffectError:off
import { it } from "@effect/vitest"
import { type Cause, Context, Duration, Effect, type Layer, Schedule, Schema } from "effect"
import { expectTypeOf } from "vitest"
import { Job, type JobInterrupted, type JobQueue, OnError } from "../../src/index.ts"

class CardDeclined
  extends Schema.TaggedError<CardDeclined>()("CardDeclined", { code: Schema.String })
{}
class RateLimited
  extends Schema.TaggedError<RateLimited>()("RateLimited", { retryAfter: Schema.Duration })
{}
class BankDown extends Schema.TaggedError<BankDown>()("BankDown", {}) {}
class Other extends Schema.TaggedError<Other>()("Other", {}) {}

class Bank extends Context.Service<Bank, { readonly charge: Effect.Effect<string, BankDown> }>()(
  "Bank"
) {}

const Charge = Job.make("charge", {
  payload: Schema.Struct({ orderId: Schema.String }),
  error: Schema.Union([CardDeclined, RateLimited, BankDown]),
  onError: {
    CardDeclined: OnError.fail,
    RateLimited: (error, job) =>
      job.attempt > 3 ? OnError.cancel : OnError.snooze(error.retryAfter, { lane: "yield" }),
    BankDown: OnError.retry({ backoff: Schedule.exponential("1 second"), maxAttempts: 8 })
  },
  onDefect: (_, { name }) => name === "charge" ? OnError.retry() : OnError.complete,
  onTimeout: OnError.retry({ maxAttempts: 3, lane: "hold" }),
  timeout: "30 seconds",
  maxSnoozes: 10
})
type ChargeLive = Layer.Layer<Job.Handler<"charge">>

it("a handler may fail with the errors of its kind", () => {
  expectTypeOf(
    Charge.toLayer(({ orderId }) =>
      orderId === "" ? Effect.fail(new BankDown()) : Effect.succeed({ receipt: "r" })
    )
  ).toEqualTypeOf<ChargeLive>()
  expectTypeOf(Charge.toLayer(Effect.fnUntraced(function*({ orderId }) {
    if (orderId === "") return yield* new RateLimited({ retryAfter: Duration.seconds(1) })
    return orderId.length
  }))).toEqualTypeOf<ChargeLive>()
  expectTypeOf(Charge.toLayer(() => Bank.use(({ charge }) => charge)))
    .toEqualTypeOf<Layer.Layer<Job.Handler<"charge">, never, Bank>>()
  Charge.toLayer(({ orderId }, job) => Effect.logInfo(orderId, job.id))
  Charge.toLayer(async ({ orderId }) => orderId)
  Charge.toLayer(({ orderId }) => orderId)
  Charge.toLayer(() => undefined)
})

it("a handler that fails with an error of no rule does not compile", () => {
  // @ts-expect-error
  Charge.toLayer(() => Effect.fail(new Other()))
  // @ts-expect-error
  Charge.toLayer(() => Effect.fail("no"))
  // @ts-expect-error
  Charge.toLayer(({ orderId }) => orderId === "" ? new BankDown() : new Other())
  // @ts-expect-error
  Charge.toLayer(Effect.fnUntraced(function*() {
    return yield* new Other()
  }))
})

it("a handler of a job script fails with the errors of its kind, too", () => {
  expectTypeOf(setUp).parameters.toEqualTypeOf<[JobQueue]>()
})

const setUp = (queue: JobQueue) => {
  queue.handle(Charge, ({ orderId }) => orderId === "" ? new BankDown() : Effect.void)
  queue.handle("charge", () => Effect.fail("anything"))
  // @ts-expect-error
  queue.handle(Charge, () => new Other())
}

it("a kind without errors takes a handler with any", () => {
  const Free = Job.make("free")
  expectTypeOf(Free.toLayer(() => Effect.fail(new Other())))
    .toEqualTypeOf<Layer.Layer<Job.Handler<"free">>>()
  Free.toLayer(() => new Job.Snooze({ delay: "5 minutes" }))
  Free.toLayer(() => new Job.Fail({ message: "no" }))
  Free.toLayer(() => new Job.Cancel({ reason: "left" }))
  Job.make("free", { onDefect: OnError.fail })
})

it("each error has a rule, and there are no others", () => {
  const error = Schema.Union([CardDeclined, BankDown])
  Job.make("charge", { error, onError: { CardDeclined: OnError.fail, BankDown: OnError.retry() } })

  Job.make("charge", {
    error,
    // This rule is missing: BankDown.
    // @ts-expect-error
    onError: { CardDeclined: OnError.fail }
  })

  Job.make("charge", {
    error: CardDeclined,
    onError: {
      CardDeclined: OnError.fail,
      // This rule is for no error.
      // @ts-expect-error
      CardDeclind: OnError.fail
    }
  })
})

it("errors come with their rules, and rules with their errors", () => {
  // @ts-expect-error
  Job.make("charge", { error: CardDeclined })
  // @ts-expect-error
  Job.make("charge", { onError: { CardDeclined: OnError.fail } })
})

it("an error without a tag of its own does not compile", () => {
  Job.make("charge", {
    error: Schema.String,
    // @ts-expect-error
    onError: {}
  })
  Job.make("charge", {
    error: Schema.Union([BankDown, Schema.Struct({ code: Schema.String })]),
    // @ts-expect-error
    onError: { BankDown: OnError.fail }
  })
  Job.make("charge", {
    error: Schema.Struct({ _tag: Schema.String }),
    // @ts-expect-error
    onError: { anything: OnError.fail }
  })
})

it("a rule sees its error and the job", () => {
  Job.make("charge", {
    error: RateLimited,
    onError: {
      RateLimited: (error, job) => {
        expectTypeOf(error).toEqualTypeOf<RateLimited>()
        expectTypeOf(job).toEqualTypeOf<OnError.FailedJob>()
        return OnError.retry({ backoff: () => error.retryAfter })
      }
    },
    onDefect: (defect) => {
      expectTypeOf(defect).toBeUnknown()
      return OnError.fail
    }
  })
  Job.make("charge", {
    error: RateLimited,
    onError: {
      RateLimited: OnError.retry({
        backoff: (failures: number, { retryAfter }: RateLimited) =>
          Duration.times(retryAfter, failures)
      })
    }
  })
  Job.make("charge", {
    error: Schema.Union([RateLimited, BankDown]),
    onError: {
      RateLimited: OnError.fail,
      // This backoff is for another error.
      // @ts-expect-error
      BankDown: OnError.retry({ backoff: (_: number, error: RateLimited) => error.retryAfter })
    }
  })
})

it("a rule answers with an OnError", () => {
  // @ts-expect-error
  Job.make("charge", { onDefect: "retry" })
  // @ts-expect-error
  Job.make("charge", { onDefect: async () => OnError.fail })
  // @ts-expect-error
  Job.make("charge", { onTimeout: () => OnError.fail })
  // @ts-expect-error
  OnError.retry({ backoff: "1 second" })
  // @ts-expect-error
  OnError.retry({ lane: "continue" })
  // A schedule with an error of its own.
  // @ts-expect-error
  OnError.retry({ backoff: Schedule.cron("0 3 * * *") })
})

it("the reason of an interruption has a type", () => {
  expectTypeOf(Job.interruption).parameters.toEqualTypeOf<[Cause.Cause<unknown>]>()
  expectTypeOf(Job.interruption).returns.toEqualTypeOf<JobInterrupted | undefined>()
  expectTypeOf<JobInterrupted["why"]>()
    .toEqualTypeOf<"stopping" | "cancelled" | "timedOut" | "paused" | "lost">()
})
