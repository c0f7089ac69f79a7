/**
 * Sends metrics, traces and log lines by OTLP, as the variables of OpenTelemetry say.
 */
import { ConfigProvider, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"

/**
 * Exports the metrics of the registry in force, the spans, and the log lines beside those on
 * stderr. The rest is sent when the scope closes, within three seconds. A collector that does not
 * answer harms nothing.
 */
export const layer = Otlp.layerFromConfig().pipe(
  Layer.provide(OtlpSerialization.layerProtobuf),
  Layer.provide(FetchHttpClient.layer),
  // OpenTelemetry has these defaults, and Effect has none.
  Layer.provide(ConfigProvider.layerAdd(
    ConfigProvider.fromUnknown({
      OTEL_SERVICE_NAME: "pgq",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_LOGS_EXPORTER: "otlp"
    })
  ))
)
