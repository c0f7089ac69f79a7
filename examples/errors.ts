/**
 * A kind with errors that are rules: one order is charged at the second try, one later, one is
 * declined, one is not wanted any more, and one takes too long.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Duration, Effect, Layer } from "effect"
import { enqueueAll, JobAdmin, PgSchema, QueueLive, WorkerControl } from "pgq"
// #region kind
import { Schedule, Schema } from "effect"
import { Job, OnError } from "pgq"

class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", {
  message: Schema.String
}) {}
class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  retryAfter: Schema.Duration
}) {}
class BankDown extends Schema.TaggedError<BankDown>()("BankDown", {}) {}
class OrderGone extends Schema.TaggedError<OrderGone>()("OrderGone", {}) {}

const AlertOps = Job.make("alert-ops", { payload: Job.FailedJob })

const Charge = Job.make("charge", {
  payload: Schema.Struct({ order: Schema.String }),
  error: Schema.Union([CardDeclined, RateLimited, BankDown, OrderGone]),
  // One rule for each error. The compiler refuses a missing or a surplus one.
  onError: {
    CardDeclined: OnError.fail,
    RateLimited: (error) => OnError.snooze(error.retryAfter),
    BankDown: OnError.retry({ backoff: Schedule.exponential("100 millis"), maxAttempts: 8 }),
    OrderGone: OnError.cancel
  },
  timeout: "1 second",
  onTimeout: OnError.fail,
  // Added when a charge has failed for good.
  onFailed: AlertOps
})
// #endregion

const RateLimit = { isReached: true }

// #region handler
const ChargeLive = Charge.toLayer(({ order }, job) =>
  Effect.gen(function*() {
    if (order === "declined") return yield* new CardDeclined({ message: "no funds" })
    if (order === "gone") return yield* new OrderGone()
    if (order === "slow") return yield* Effect.never
    if (order === "flaky" && job.attempt === 1) return yield* new BankDown()
    if (order === "limited" && RateLimit.isReached) {
      RateLimit.isReached = false
      return yield* new RateLimited({ retryAfter: Duration.millis(200) })
    }
    yield* Effect.logInfo(`charged ${order} at try ${job.attempt}`)
  })
)
// #endregion

// #region report
const AlertOpsLive = AlertOps.toLayer(({ attempts, error, name, payload }) =>
  Effect.logError(`${name} of ${JSON.stringify(payload)}, try ${attempts}: ${error}`)
)
// #endregion

const Queue = QueueLive.layer({ jobs: [Charge, AlertOps] }).pipe(
  Layer.provide(Layer.merge(ChargeLive, AlertOpsLive))
)

const program = Effect.gen(function*() {
  const orders = ["declined", "gone", "slow", "flaky", "limited"]
  yield* enqueueAll(Charge, orders.map((order) => ({ payload: { order } })))

  const admin = yield* JobAdmin
  const [counts] = yield* Effect.repeat(admin.counts, {
    schedule: Schedule.spaced("50 millis"),
    until: ([queue]) => queue !== undefined && queue.completed === 4 && queue.failed === 2
  })
  yield* Effect.logInfo(
    `${counts?.completed} completed, ${counts?.failed} failed, ${counts?.cancelled} cancelled`
  )
  const worker = yield* WorkerControl
  yield* worker.stop("finish")
  yield* worker.ended
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(program, Queue)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
