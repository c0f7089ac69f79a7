/**
 * The program's log, on stderr: one line an event. stdout carries data only.
 *
 *     12:34:56 warn  job 7 (mail): no route; tried again in 15s event=job.retried job=7
 */
import { Array, Cause, Effect, type Layer, Logger, References } from "effect"
import * as ErrorLine from "./ErrorLine.ts"
import * as LogFormat from "./LogFormat.ts"

/** The form of all lines that follow, the program's last one too. */
export const use = (next: LogFormat.LogFormat): Effect.Effect<void> =>
  Effect.sync(() => {
    format = next
  })

let format: LogFormat.LogFormat = "pretty"

export const layer: Layer.Layer<never> = Logger.layer([
  Logger.make(({ cause, date, fiber, logLevel, message }) => {
    const texts = Array.ensure(message).map(textOf)
    const causes = cause.reasons.length === 0 ? [] : [causeOf(cause)]
    const { event, ...others } = fiber.getRef(References.CurrentLogAnnotations)
    const span = fiber.cache.span
    const trace = span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId }
    const fields = event === undefined ? { ...others, ...trace } : { event, ...others, ...trace }
    writeLine(LogFormat.line(format, {
      at: date,
      level: logLevel.toLowerCase(),
      text: [...texts, ...causes].join(" "),
      fields: Object.entries(fields).map(([key, value]) => [key, valueOf(value)])
    }))
  })
])

/** Writes one line that is no event, whatever happens to stderr. */
export const write = (text: string, level: "error" | "info" = "error"): void =>
  writeLine(
    format === "pretty"
      ? text
      : LogFormat.line(format, { at: new Date(), level, text, fields: [] })
  )

const writeLine = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** Several lines that belong together, as one write. */
export const print = (lines: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => write(lines.join("\n"), "info"))

const valueOf = (value: unknown): LogFormat.Value =>
  Array.isArray(value) ? value.map(textOf) : typeof value === "number" ? value : textOf(value)

const textOf = (value: unknown): string =>
  value instanceof Error || typeof value !== "object" || value === null
    ? ErrorLine.of(value)
    : Cause.isCause(value)
    ? causeOf(value)
    : JSON.stringify(value, (_, part) => typeof part === "bigint" ? String(part) : part)

const causeOf = (cause: Cause.Cause<unknown>): string =>
  Cause.hasInterruptsOnly(cause) ? "interrupted" : ErrorLine.ofCause(cause)
