/**
 * Log lines as events: a text for people, and the event's name and fields for programs.
 */
import { type Cause, Effect } from "effect"
import type { LogEvent } from "../../domain/LogEvent.ts"

/** A line's fields beside `event`. docs/reference/logs.md lists them. */
export interface Fields {
  readonly [field: string]: unknown
}

interface Line {
  readonly text: string
  readonly fields?: Fields | undefined
  /** The error behind the event, printed after the text. */
  readonly cause?: Cause.Cause<unknown> | Error | undefined
}

type Say = (event: LogEvent, line: string | Line) => Effect.Effect<void>

const saying =
  (log: (...message: ReadonlyArray<unknown>) => Effect.Effect<void>): Say => (event, line) => {
    const { cause, fields, text } = typeof line === "string" ? { text: line } : line
    const said = cause === undefined ? log(text) : log(text, cause)
    return Effect.annotateLogs(said, { event, ...fields })
  }

/** For progress that operators expect. */
export const info: Say = saying(Effect.logInfo)

/** For trouble that pgq handles by itself. */
export const warning: Say = saying(Effect.logWarning)

/** For trouble that an operator must handle. */
export const error: Say = saying(Effect.logError)

/** For details that help to find a fault in pgq. */
export const debug: Say = saying(Effect.logDebug)
