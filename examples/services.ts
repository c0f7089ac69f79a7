/**
 * A queue as one part of an application: its handlers use the application's services, and the
 * application's end is the queue's end.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config } from "effect"
// #region services
import { Context, Effect, Layer, Schema } from "effect"
import { enqueue, Job, PgSchema, QueueLive, WorkerControl } from "pgq"

class Mailer extends Context.Service<Mailer, {
  readonly send: (to: string) => Effect.Effect<void>
}>()("app/Mailer") {}

const Welcome = Job.make("welcome", { payload: Schema.Struct({ to: Schema.String }) })

// The handler needs a Mailer, so its layer does.
const WelcomeLive = Welcome.toLayer(Effect.fnUntraced(function*({ to }) {
  const mailer = yield* Mailer
  yield* mailer.send(to)
}))

const MailerLive = Layer.succeed(Mailer, { send: (to) => Effect.logInfo(`mail to ${to}`) })

const App = QueueLive.layer({ jobs: [Welcome], workers: 5, grace: "10 seconds" }).pipe(
  Layer.provide(WelcomeLive),
  Layer.provide(MailerLive)
)
// #endregion

// #region stopping
const main = Effect.gen(function*() {
  yield* enqueue(Welcome, { to: "ada@example.com" })

  const queue = yield* WorkerControl
  const { concurrency, mode } = yield* queue.status
  yield* Effect.logInfo(`up to ${concurrency} jobs at once, mode ${mode}`)

  yield* queue.stop("drain") // or "finish", or "cancel"
  const leftBehind = yield* queue.ended
  yield* Effect.logInfo(`ended, ${leftBehind.length} jobs left behind`)
})
// #endregion

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, App)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
