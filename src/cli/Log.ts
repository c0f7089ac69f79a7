/**
 * The program's log: one short line an event, on stderr. stdout carries data only.
 *
 *     12:34:56 warn  job 7 (mail): no route; tried again in 15s event=job.retried job=7
 */
import { Array, Cause, Effect, type Layer, Logger, References } from "effect"
import * as ErrorLine from "./ErrorLine.ts"

export const layer: Layer.Layer<never> = Logger.layer([
  Logger.make(({ cause, date, fiber, logLevel, message }) => {
    const time = date.toTimeString().slice(0, 8)
    const texts = Array.ensure(message).map(textOf)
    const causes = cause.reasons.length === 0 ? [] : [causeOf(cause)]
    const { event, ...fields } = fiber.getRef(References.CurrentLogAnnotations)
    const pairs = Object.entries(event === undefined ? fields : { event, ...fields })
      .map(([key, value]) => `${key}=${quote(Array.ensure(value).map(textOf).join(","))}`)
    write([time, logLevel.toLowerCase().padEnd(5), ...texts, ...causes, ...pairs].join(" "))
  })
])

/** Writes one line, whatever happens to stderr. */
export const write = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** Several lines that belong together, as one write. */
export const print = (lines: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => write(lines.join("\n")))

const textOf = (value: unknown): string =>
  value instanceof Error || typeof value !== "object" || value === null
    ? ErrorLine.of(value)
    : Cause.isCause(value)
    ? causeOf(value)
    : JSON.stringify(value, (_, part) => typeof part === "bigint" ? String(part) : part)

const causeOf = (cause: Cause.Cause<unknown>): string =>
  Cause.hasInterruptsOnly(cause) ? "interrupted" : ErrorLine.ofCause(cause)

const quote = (text: string): string => /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
