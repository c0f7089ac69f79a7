/**
 * The ways to use pgq from code, each in one line.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Fiber, Layer } from "effect"
import { AdvisoryLock, enqueue, PgSchema, QueueLive, WorkerControl } from "pgq"
import { SendEmail, SendEmailLive } from "./Tasks.ts"

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })
const ClientLive = Layer.provide(QueueLive.client(), Database)
const [to, subject] = ["ada@example.com", "Welcome"]

// #region worker
const Main = QueueLive.layer({ jobs: [SendEmail], workers: 5 }).pipe(Layer.provide(SendEmailLive))
// #endregion

// #region mode
const InTests = Layer.provide(Main, AdvisoryLock.layer({ key: 42n }))
// #endregion

const addOne = () => {
  // #region producer
  const fiber = Effect.runFork(enqueue(SendEmail, { to, subject }).pipe(Effect.provide(ClientLive)))
  // #endregion
  return fiber
}

const drain = Effect.gen(function*() {
  const worker = yield* WorkerControl
  yield* worker.stop("drain")
  yield* worker.ended
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.suspend(() => Fiber.join(addOne()))),
  Effect.andThen(Effect.provide(drain, InTests)),
  Effect.provide(Database),
  NodeRuntime.runMain
)
