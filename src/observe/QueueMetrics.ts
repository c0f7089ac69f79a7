/**
 * The metrics of a schema: its queues, lanes, workers and database, for OTLP and for Prometheus.
 */
import { Effect, Layer, Metric, type Scope } from "effect"
import { HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { prometheusName } from "../domain/MetricNames.ts"
import type { Insight } from "../services/Insight.ts"
import { page } from "./MetricsPage.ts"
import * as QueueLooks from "./QueueLooks.ts"

/** A look stands for so long, however often it is asked for. */
const span = "10 seconds"

/**
 * Looks at the schema every ten seconds until the scope closes, and registers what it finds in the
 * registry of Effect's metrics in force, for `Otlp` and other exporters. A look is bounded, as
 * those of `Insight` are. While looks fail, `pgq.look.errors` counts them, and the gauges are gone.
 *
 * One process of all that use a schema should have this layer, as a sum over several would count
 * each job several times. docs/reference/metrics.md lists the names.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Metric } from "effect"
 * import { QueueLive } from "pgq"
 * import { QueueMetrics } from "pgq/observe"
 *
 * export const program = Effect.gen(function*() {
 *   const series = yield* Metric.snapshot
 *   yield* Effect.logInfo(`${series.length} series`)
 * }).pipe(Effect.provide(Layer.provide(QueueMetrics.layer, QueueLive.client())))
 * ```
 */
export const layer: Layer.Layer<never, never, Insight> = Layer.effectDiscard(
  Effect.flatMap(
    QueueLooks.make,
    (look) => look.pipe(Effect.andThen(Effect.sleep(span)), Effect.forever, Effect.forkScoped)
  )
)

/**
 * Answers an effect that writes the metrics of the schema in the text format of Prometheus, version
 * 0.0.4. It looks at the schema first, unless it has done so in the last ten seconds. It never
 * fails: without an answer of the database the text has `pgq_look_errors_total` and no gauges. The
 * text has no other metrics.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { QueueLive } from "pgq"
 * import { QueueMetrics } from "pgq/observe"
 *
 * export const program = Effect.gen(function*() {
 *   const text = yield* QueueMetrics.prometheus
 *   yield* Effect.logInfo(yield* text)
 * }).pipe(Effect.scoped, Effect.provide(QueueLive.client()))
 * ```
 */
export const prometheus: Effect.Effect<Effect.Effect<string>, never, Scope.Scope | Insight> = Effect
  .suspend(() => {
    const registry: Metric.MetricRegistry = new Map()
    const own = Effect.provideService(Metric.MetricRegistry, registry)
    const text = own(PrometheusMetrics.format({ metricNameMapper: prometheusName }))
    return own(QueueLooks.make).pipe(
      Effect.flatMap(Effect.cachedWithTTL(span)),
      Effect.map((look) => Effect.andThen(look, text))
    )
  })

/** The place of a page of metrics. */
export interface PageOptions {
  /** The page's path. Defaults to "/metrics". */
  readonly path?: HttpRouter.PathInput | undefined
}

/**
 * Adds a page with the metrics of the schema to an application's `HttpRouter`, for Prometheus.
 * Requests cost at most one look in ten seconds. The page names queues and tables, and no job.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { QueueLive } from "pgq"
 * import { QueueMetrics } from "pgq/observe"
 *
 * export const app = HttpRouter.serve(
 *   QueueMetrics.layerPage({ path: "/metrics/queues" }).pipe(Layer.provide(QueueLive.client()))
 * )
 * ```
 */
export const layerPage = (
  options: PageOptions = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | Insight> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const router = yield* HttpRouter.HttpRouter
    const text = yield* prometheus
    yield* router.add("GET", options.path ?? "/metrics", Effect.map(text, page))
  }))
