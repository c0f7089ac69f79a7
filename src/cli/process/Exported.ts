/**
 * Exports what a process tells of itself by OTLP, where the environment names a collector. The
 * modules for that are loaded only then.
 */
import { Config, Effect, Option } from "effect"
import { SettingInvalid } from "../../domain/Errors.ts"

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

const variables = [
  endpoint,
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"
]

/** Whether the environment names a collector. */
export const isExported: Effect.Effect<boolean, SettingInvalid> = Effect.suspend(() =>
  Effect.map(
    Effect.forEach(variables, (variable) =>
      Effect.mapError(
        Config.option(Config.URL(variable)),
        () => new SettingInvalid({ setting: variable, issue: "it is not a URL" })
      )),
    (urls) => urls.some(Option.isSome)
  )
)

/** Exports for as long as the effect runs, and sends the rest at its end. */
export const exported = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.promise(() => import("../../observe/Exporting.ts")),
    ({ layer }) => Effect.provide(effect, layer)
  )
