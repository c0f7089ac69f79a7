/**
 * The reports of runs of the queue in memory: their progress, and the last thousands of lines.
 */
import { Duration } from "effect"
import type { LogLine } from "../../domain/JobLog.ts"
import type { JobRun } from "../../domain/JobRun.ts"
import type { JobProgress } from "../../domain/JobView.ts"
import type { RunReport } from "../../domain/RunReport.ts"

export class MemoryRunReports {
  /** The newest progress of each job that has reported some. */
  readonly #progress = new Map<bigint, Kept>()
  #lines: Array<Line> = []

  /** Keeps the reports of runs that have their job in their lease. Answers the others. */
  keep(reports: ReadonlyArray<RunReport>, { claimedAt, isLeased, now }: {
    readonly isLeased: IsLeased
    readonly claimedAt: (run: RunReport) => number
    readonly now: number
  }): ReadonlyArray<RunReport> {
    const mine = reports.filter(isLeased)
    for (const report of mine) {
      this.#keepProgress(report, now)
      const { attempt, id } = report
      this.#lines.push(...report.lines.map(({ age, level, line, n }) => ({
        job: id,
        claimedAt: claimedAt(report),
        n,
        logged: { at: new Date(now - age), attempt, level, line }
      })))
    }
    // Half of them at once, so that a line costs little.
    if (this.#lines.length > linesMax) this.#lines = this.#lines.slice(-linesMax / 2)
    return reports.filter((report) => !mine.includes(report))
  }

  #keepProgress({ id, lease, progress }: RunReport, now: number): void {
    if (progress === undefined) return
    const { data, fraction } = progress
    const parsed = data === undefined ? null : JSON.parse(data)
    this.#progress.set(id, { lease, progress: { fraction, data: parsed, at: new Date(now) } })
  }

  /** The progress of the run that has the job in this lease. */
  progressOf(id: bigint, lease: string | undefined): JobProgress | undefined {
    const kept = this.#progress.get(id)
    return kept?.lease === lease ? kept?.progress : undefined
  }

  /** The lines of a job in order, each run's before its end. */
  logOf(id: bigint, runs: ReadonlyArray<JobRun>): ReadonlyArray<LogLine> {
    return [...this.#lines.filter(({ job }) => job === id), ...runs.map(endOf)]
      .toSorted((a, b) =>
        a.claimedAt - b.claimedAt || a.logged.attempt - b.logged.attempt || a.n - b.n
      )
      .map(({ logged }) => logged)
  }

  /** Drops the progress of runs that have ended. */
  forget(isLeased: IsLeased): void {
    for (const [id, { lease }] of this.#progress) {
      if (!isLeased({ id, lease })) this.#progress.delete(id)
    }
  }

  /** Drops lines after a day. */
  prune(now: number): void {
    this.#lines = this.#lines.filter(({ logged }) =>
      logged.at.getTime() > now - Duration.toMillis("1 day")
    )
  }
}

const linesMax = 20_000

type IsLeased = (run: Pick<RunReport, "id" | "lease">) => boolean

interface Kept {
  readonly lease: string
  readonly progress: JobProgress
}

interface Line {
  readonly job: bigint
  readonly claimedAt: number
  readonly n: number
  readonly logged: LogLine
}

const endOf = ({ attempt, claimedAt, endedAt, error, id, outcome }: JobRun): Line => ({
  job: id,
  claimedAt: claimedAt.getTime(),
  n: Infinity,
  logged: {
    at: endedAt,
    attempt,
    level: outcome === "snoozed" || outcome === "cancelled" ? "Info" : "Error",
    line: error === undefined ? outcome : `${outcome}: ${error}`
  }
})
