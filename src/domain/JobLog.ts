/**
 * The log of a job: the lines that its handler logs while it runs, and how its runs ended.
 */
import { Cause, Formatter, LogLevel, Predicate, Result } from "effect"
import * as ErrorText from "./ErrorText.ts"
import { isCount } from "./RuleIssue.ts"

/** The lines that a kind keeps. */
export interface LogBounds {
  /** Lines of this level, and of those above it. */
  readonly level: LogLevel.Severity
  /** The most lines of a run. */
  readonly lines: number
}

/** A line of a job's log. */
export interface LogLine {
  readonly at: Date
  /** The number of the run. */
  readonly attempt: number
  /** The level that the handler has logged at; of the end of a run, "Error" or "Info". */
  readonly level: LogLevel.Severity
  readonly line: string
}

/** A line to be kept. */
export interface NewLine {
  /** The number of the line in its run. */
  readonly n: number
  readonly level: LogLevel.Severity
  readonly line: string
}

export const defaults: LogBounds = { level: "Info", lines: 1000 }

/** The reason why a kind cannot keep these lines. A caller in JavaScript may give anything. */
export const issueOf = (bounds: unknown): string | undefined => {
  const level = Predicate.hasProperty(bounds, "level") ? bounds.level : undefined
  if (!levels.some((one) => one === level)) {
    return `its log's level is none of ${levels.join(", ")}`
  }
  const lines = Predicate.hasProperty(bounds, "lines") ? bounds.lines : undefined
  return typeof lines === "number" && isCount(lines) && lines <= linesMax
    ? undefined
    : `its log's number of lines is not a whole number from 1 to ${linesMax}`
}

const levels = ["Fatal", "Error", "Warn", "Info", "Debug", "Trace"] as const

/** The most lines that a kind may keep of a run. */
const linesMax = 10_000

/** Whether a line of this level is kept. */
export const isKept = (level: LogLevel.LogLevel, bounds: LogBounds): level is LogLevel.Severity =>
  LogLevel.isGreaterThanOrEqualTo(level, bounds.level)

/** The line for what a handler has logged, cut to 4 KiB. */
export const lineOf = (message: unknown, cause: Cause.Cause<unknown>): string =>
  // A value may throw when it is described.
  Result.getOrElse(
    Result.try(() => {
      const parts = Array.isArray(message) ? message : [message]
      const causes = cause.reasons.length === 0 ? [] : [Cause.pretty(cause)]
      return ErrorText.storable([...parts.map(textOf), ...causes].join(" "), lineBytesMax)
    }),
    () => "a line that cannot be described"
  )

const textOf = (part: unknown): string => typeof part === "string" ? part : Formatter.format(part)

/** The most bytes of a line. */
export const lineBytesMax = 4096

/** The last line of a run that has logged more than its kind keeps. */
export const omitted = (count: number): string =>
  `${count} more ${count === 1 ? "line is" : "lines are"} not kept`
