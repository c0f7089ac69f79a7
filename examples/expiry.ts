/**
 * A worker that comes late: a code that is out of date by then is not sent.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { enqueue, Job, JobAdmin, PgSchema, QueueLive, WorkerControl } from "pgq"

// #region kind
const SendCode = Job.make("send-code", {
  payload: Schema.Struct({ to: Schema.String }),
  expiresIn: "5 minutes"
})
// #endregion

// #region handler
const SendCodeLive = SendCode.toLayer(({ to }, job) =>
  job.expiresAt !== undefined && job.expiresAt < new Date()
    ? Effect.logInfo(`too late for ${to}`)
    : Effect.logInfo(`a code to ${to}`)
)
// #endregion

const produce = Effect.gen(function*() {
  const yesterday = new Date(0)
  // #region enqueue
  yield* enqueue(SendCode, { to: "ada@example.com" })
  yield* enqueue(SendCode, { to: "bob@example.com" }, { expiresIn: "90 seconds", delay: "1 hour" })
  yield* enqueue(SendCode, { to: "eve@example.com" }, { expiresAt: yesterday })
  // #endregion
}).pipe(Effect.provide(QueueLive.client()))

const Queue = QueueLive.layer({ jobs: [SendCode] }).pipe(Layer.provide(SendCodeLive))

const work = Effect.gen(function*() {
  const worker = yield* WorkerControl
  yield* worker.stop("drain")
  yield* worker.ended
  const [counts] = yield* (yield* JobAdmin).counts
  yield* Effect.logInfo(`${counts?.completed} sent, ${counts?.expired} expired`)
}).pipe(Effect.provide(Queue))

PgSchema.migrate().pipe(
  Effect.andThen(produce),
  Effect.andThen(work),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
