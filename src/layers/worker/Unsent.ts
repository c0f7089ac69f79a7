/**
 * The reports of one run that its worker has not sent yet.
 */
import { type Cause, type LogLevel, Result } from "effect"
import * as JobLog from "../../domain/JobLog.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { type NewProgress, progressOf } from "../../domain/RunReport.ts"
import type { Report } from "./LaneRun.ts"

/** Progress as a handler gives it. */
export type Said = Parameters<Report>[2]

/** A line of the log, and when it was logged: monotonic milliseconds. */
export interface TimedLine extends JobLog.NewLine {
  readonly at: number
}

export class Unsent {
  readonly job: ClaimedJob
  /** The newest progress. */
  said: Said | undefined
  /** The fraction of the last progress that was taken. */
  fraction: number | undefined
  #isBroken = false
  #lines: Array<TimedLine> = []
  /** The number of the last line, and the number of those that came after the most of them. */
  #last = 0
  #omitted = 0

  constructor(job: ClaimedJob) {
    this.job = job
  }

  get hasLines(): boolean {
    return this.#lines.length > 0
  }

  /** Adds a line if the kind keeps it. Those behind the most lines are only counted. */
  log(bounds: JobLog.LogBounds, { at, cause, level, message }: {
    readonly at: number
    readonly level: LogLevel.LogLevel
    readonly message: unknown
    readonly cause: Cause.Cause<unknown>
  }): void {
    if (!JobLog.isKept(level, bounds)) return
    if (this.#last >= bounds.lines) this.#omitted++
    else this.#add({ at, level, line: JobLog.lineOf(message, cause) })
  }

  /** The run has ended. */
  end(at: number): void {
    this.said = undefined
    this.countOmitted(at)
  }

  /** Adds a line that counts those that were left out. */
  countOmitted(at: number): void {
    if (this.#omitted === 0) return
    this.#add({ at, level: "Info", line: JobLog.omitted(this.#omitted) })
    this.#omitted = 0
  }

  #add(line: Omit<TimedLine, "n">): void {
    this.#lines.push({ ...line, n: ++this.#last })
  }

  /** Takes the newest progress, or the reason why it cannot be kept: once a run. */
  takeProgress(): Result.Result<NewProgress, string> | undefined {
    const { said } = this
    if (said === undefined) return undefined
    this.said = undefined
    const progress = progressOf(said.fraction, said.data)
    if (Result.isSuccess(progress)) {
      this.fraction = progress.success.fraction
      return progress
    }
    if (this.#isBroken) return undefined
    this.#isBroken = true
    return progress
  }

  /** Takes the first lines: as many as have so many bytes, but one at least. */
  takeLines(bytesMax: number): ReadonlyArray<TimedLine> {
    let bytes = 0
    const end = this.#lines.findIndex(({ line }, n) => {
      bytes += Buffer.byteLength(line)
      return n > 0 && bytes > bytesMax
    })
    return this.#lines.splice(0, end < 0 ? this.#lines.length : end)
  }

  /** Puts reports back that could not be sent. Newer progress takes the place of the older one. */
  putBack(said: Said | undefined, lines: ReadonlyArray<TimedLine>): void {
    this.said ??= said
    this.#lines = [...lines, ...this.#lines]
  }
}
