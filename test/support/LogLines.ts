/**
 * Collects the logged lines, each with its fields.
 */
import { assert } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import { eventually } from "../Given.ts"

export interface LogLine {
  /** The level and the message. */
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Logs into this array only, and leaves out debug lines. */
export const into = (lines: Array<LogLine>) =>
  Logger.layer([Logger.make(({ fiber, logLevel, message }) => {
    if (logLevel === "Debug") return
    lines.push({
      text: `${logLevel} ${[message].flat().map(String).join(" ")}`,
      fields: fiber.getRef(References.CurrentLogAnnotations)
    })
  })])

/** Waits for the first line that matches. */
export const first = (lines: ReadonlyArray<LogLine>, pattern: RegExp) =>
  eventually(Effect.sync(() => {
    const line = lines.find(({ text }) => pattern.test(text))
    assert(line !== undefined, lines.map(({ text }) => text).join("\n"))
    return line
  }))
