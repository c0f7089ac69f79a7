/**
 * Run reports, which a worker sends while a run goes on, and which of them can be kept.
 */
import { Result } from "effect"
import type { NewLine } from "./JobLog.ts"
import * as JobResult from "./JobResult.ts"

/** A run report to the store. */
export interface RunReport {
  /** The id of the job. */
  readonly id: bigint
  readonly lease: string
  /** The number of the run. */
  readonly attempt: number
  readonly progress: NewProgress | undefined
  /** In order. */
  readonly lines: ReadonlyArray<ReportedLine>
}

/** A line of the log. */
export interface ReportedLine extends NewLine {
  /** How long ago it was logged, in milliseconds. */
  readonly age: number
}

/** Progress to be kept. */
export interface NewProgress {
  readonly fraction: number
  /** JSON text. */
  readonly data: string | undefined
}

/** The most bytes of `data`, as JSON text. */
export const dataBytesMax = 8192

/** Progress as the store keeps it, or why it cannot. A caller in JavaScript may say anything. */
export const progressOf = (
  fraction: unknown,
  data: unknown
): Result.Result<NewProgress, string> => {
  if (typeof fraction !== "number" || !(fraction >= 0 && fraction <= 1)) {
    return Result.fail("its fraction is not a number from 0 to 1")
  }
  if (data === undefined) return Result.succeed({ fraction, data: undefined })
  return JobResult.textOf(data, dataBytesMax).pipe(
    Result.map((text) => ({ fraction, data: text })),
    Result.mapError((issue) => `its data cannot be stored: ${issue}`)
  )
}
