/**
 * The metrics of a worker, for OTLP and for Prometheus.
 */
import { Effect, Layer, Metric, type Scope } from "effect"
import { HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { prometheusName } from "../domain/MetricNames.ts"
import type { JobRepo } from "../services/JobRepo.ts"
import { WorkerControl } from "../services/WorkerControl.ts"
import * as LoopDelay from "./LoopDelay.ts"
import { page } from "./MetricsPage.ts"
import * as Producer from "./Producer.ts"
import * as Series from "./Series.ts"

/**
 * Registers the metrics of the worker until the scope closes, in the registry of Effect's metrics
 * in force. An exporter of that registry exports them, such as `Otlp` or `PrometheusMetrics` of
 * `effect/observability`. docs/reference/metrics.md lists the names.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Metric } from "effect"
 * import { Job, QueueLive } from "pgq"
 * import { Metrics } from "pgq/observe"
 *
 * const Tick = Job.make("tick")
 * const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const series = yield* Metric.snapshot
 *   yield* Effect.logInfo(`${series.length} series`)
 * }).pipe(Effect.provide(Layer.provide(Metrics.layer, Queue)))
 * ```
 */
export const layer: Layer.Layer<never, never, WorkerControl> = Layer.effectDiscard(
  Effect.suspend(() => register)
)

const register = Effect.gen(function*() {
  const { figures } = yield* WorkerControl
  const context = yield* Effect.context()
  const loopDelay = yield* LoopDelay.make
  yield* Effect.acquireRelease(
    Effect.sync(() => Series.register(figures, { context, loopDelay })),
    (undo) => Effect.sync(undo)
  )
})

/** The registry that a page of metrics shows. */
export interface PrometheusOptions {
  /**
   * Whether the page shows all metrics of Effect's registry in force, and not the worker's alone.
   * Defaults to false.
   */
  readonly sharedRegistry?: boolean | undefined
}

/**
 * Answers an effect that writes the worker's metrics in the text format of Prometheus, version
 * 0.0.4. The metrics are registered until the scope closes. The text costs no look at the database.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Job, QueueLive } from "pgq"
 * import { Metrics } from "pgq/observe"
 *
 * const Tick = Job.make("tick")
 * const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const text = yield* Metrics.prometheus()
 *   yield* Effect.logInfo(yield* text)
 * }).pipe(Effect.scoped, Effect.provide(Queue))
 * ```
 */
export const prometheus = (
  options: PrometheusOptions = {}
): Effect.Effect<Effect.Effect<string>, never, Scope.Scope | WorkerControl> =>
  Effect.flatMap(
    options.sharedRegistry === true
      ? Metric.MetricRegistry
      : Effect.sync((): Metric.MetricRegistry => new Map()),
    (registry) => {
      const own = Effect.provideService(Metric.MetricRegistry, registry)
      return Effect.as(
        own(register),
        own(PrometheusMetrics.format({ metricNameMapper: prometheusName }))
      )
    }
  )

/** The place of a page of metrics, and its registry. */
export interface PageOptions extends PrometheusOptions {
  /** The page's path. Defaults to "/metrics". */
  readonly path?: HttpRouter.PathInput | undefined
}

/**
 * Adds a page with the worker's metrics to an application's `HttpRouter`, for Prometheus.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { Job, QueueLive } from "pgq"
 * import { Metrics } from "pgq/observe"
 *
 * const Tick = Job.make("tick")
 * const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined))
 * )
 *
 * export const app = HttpRouter.serve(Metrics.layerPage().pipe(Layer.provide(Queue)))
 * ```
 */
export const layerPage = (
  options: PageOptions = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | WorkerControl> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const router = yield* HttpRouter.HttpRouter
    const text = yield* prometheus(options)
    yield* router.add("GET", options.path ?? "/metrics", Effect.map(text, page))
  }))

/**
 * Counts the jobs that are added through it, in the registry of Effect's metrics in force. Jobs of
 * a transaction that is rolled back later are counted, too.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job, QueueLive } from "pgq"
 * import { Metrics } from "pgq/observe"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = enqueue(Tick).pipe(
 *   Effect.provide(Layer.provide(Metrics.layerProducer, QueueLive.client()))
 * )
 * ```
 */
export const layerProducer: Layer.Layer<JobRepo, never, JobRepo> = Producer.layer
