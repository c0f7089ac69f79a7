/**
 * A collector of traces by OTLP, which reads what it receives.
 */
import { Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { OtlpExporter, OtlpSerialization, OtlpTracer } from "effect/observability"
import * as Collector from "./Collector.ts"

const Attribute = Schema.Struct({ key: Schema.String, value: Schema.Unknown })

const Span = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  /** 4 is a producer, 5 a consumer. */
  kind: Schema.Int,
  attributes: Schema.Array(Attribute)
})

const Body = Schema.fromJsonString(Schema.Struct({
  resourceSpans: Schema.Array(
    Schema.Struct({ scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) })) })
  )
}))

/** A tracer that sends to a collector of its own, and the spans that have arrived there. */
export const make = Effect.gen(function*() {
  const collector = yield* Collector.make
  const context = yield* Layer.build(
    OtlpTracer.layer({
      url: `${collector.url}/v1/traces`,
      resource: { serviceName: "test" }
    }).pipe(
      Layer.provide([OtlpSerialization.layerJson, FetchHttpClient.layer])
    )
  )
  const spans = Effect.gen(function*() {
    yield* Effect.provideContext(OtlpExporter.Flusher.use(({ flush }) => flush), context)
    const bodies = yield* Effect.forEach(
      collector.bodies("traces"),
      (body) => Schema.decodeUnknownEffect(Body)(body)
    )
    return bodies.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    )
  })
  return { layer: Layer.succeedContext(context), spans }
})
