/**
 * Several queues on one schema, each with its own workers, modes and handlers, in one program.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Schedule } from "effect"
// #region queues
import { Effect, Layer } from "effect"
import { AdvisoryLock, enqueue, JobAdmin, PgSchema, QueueLive } from "pgq"
import { CloseMonth, CloseMonthLive, SendEmail, SendEmailLive } from "./Tasks.ts"

const Emails = QueueLive.layer({
  jobs: [SendEmail],
  queues: ["email", "newsletter"],
  workers: 20
}).pipe(Layer.provide(SendEmailLive))

const Books = QueueLive.layer({ jobs: [CloseMonth], queues: ["books"], workers: 1 }).pipe(
  Layer.provide(CloseMonthLive),
  Layer.provide(AdvisoryLock.layer({ key: 42n }))
)

const Queues = Layer.merge(Emails, Books)
// #endregion

const main = Effect.gen(function*() {
  yield* enqueue(SendEmail, { to: "ada@example.com", subject: "Welcome" }, { queue: "email" })
  yield* enqueue(SendEmail, { to: "ada@example.com", subject: "Autumn" }, { queue: "newsletter" })
  yield* enqueue(CloseMonth, { month: "2030-01" }, { queue: "books" })

  const admin = yield* JobAdmin
  const completed = Effect.map(
    admin.counts,
    (counts) => counts.reduce((sum, { completed }) => sum + completed, 0)
  )
  yield* Effect.repeat(completed, { until: (count) => count >= 3, schedule: Schedule.spaced(20) })
  for (const { completed, queue } of yield* admin.counts) {
    yield* Effect.logInfo(`${queue}: ${completed} completed`)
  }
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, Queues)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
