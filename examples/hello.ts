/**
 * The smallest whole program: says which jobs there are, adds two, runs them, ends.
 */
// #region hello
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { enqueue, Job, PgSchema, QueueLive, WorkerControl } from "pgq"

// A kind of job: its name, and what its payload looks like.
const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })

// What to do with one. A handler returns an Effect, a promise or a value.
const GreetLive = Greet.toLayer(({ name }, job) => Effect.logInfo(`hello ${name}, job ${job.id}`))

// A queue that works for as long as this layer lives.
const Queue = QueueLive.layer({ jobs: [Greet], workers: 5 }).pipe(Layer.provide(GreetLive))

const program = Effect.gen(function*() {
  yield* enqueue(Greet, { name: "world" })
  yield* enqueue(Greet, { name: "Ada" }, { key: "customer-7", priority: 10 })

  const queue = yield* WorkerControl
  yield* queue.stop("drain")
  yield* queue.ended
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(program, Queue)),
  Effect.provide(PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })),
  NodeRuntime.runMain
)
// #endregion
