/**
 * One trace from the request that adds a job to the spans of its handler.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { enqueue, Job, PgSchema, QueueLive, WorkerControl } from "pgq"

// #region tracer
const Tracing = Otlp.layerJson({
  baseUrl: "http://localhost:4318",
  resource: { serviceName: "shop" }
}).pipe(Layer.provide(FetchHttpClient.layer))
// #endregion

const Charge = Job.make("charge", { payload: Schema.Struct({ order: Schema.String }) })

const traces = new Set<string>()
const note = Effect.currentSpan.pipe(
  Effect.map(({ traceId }) => traces.add(traceId)),
  Effect.orDie
)

// #region handler
const ChargeLive = Charge.toLayer(({ order }) =>
  Effect.logInfo(`the bank has paid ${order}`).pipe(
    Effect.andThen(note),
    Effect.withSpan("ask the bank")
  )
)
// #endregion

// #region request
const request = enqueue(Charge, { order: "o-7" }).pipe(
  Effect.andThen(note),
  Effect.withSpan("POST /orders")
)
// #endregion

const Queue = QueueLive.layer({ jobs: [Charge] }).pipe(Layer.provide(ChargeLive))

const program = Effect.gen(function*() {
  yield* request
  const worker = yield* WorkerControl
  yield* worker.stop("drain")
  yield* worker.ended
  yield* Effect.logInfo(`traces: ${traces.size}`)
}).pipe(Effect.provide(Queue))

PgSchema.migrate().pipe(
  Effect.andThen(program),
  // The tracer is installed before the queue is built, which asks for it.
  Effect.provide(
    Layer.merge(Tracing, PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") }))
  ),
  NodeRuntime.runMain
)
