/**
 * The reports of runs of the queue in memory.
 */
import type { JobProgress, RunReport } from "../../domain/RunReport.ts"

export class MemoryReports {
  /** The newest progress of each job that has reported some. */
  readonly #progress = new Map<bigint, Kept>()

  /** Keeps the reports of runs that have their job in their lease. Answers the others. */
  keep(
    reports: ReadonlyArray<RunReport>,
    { isLeased, now }: { readonly isLeased: IsLeased; readonly now: number }
  ): ReadonlyArray<RunReport> {
    const mine = reports.filter(isLeased)
    for (const { id, lease, progress } of mine) {
      if (progress === undefined) continue
      const { data, fraction } = progress
      const parsed = data === undefined ? null : JSON.parse(data)
      this.#progress.set(id, { lease, progress: { fraction, data: parsed, at: new Date(now) } })
    }
    return reports.filter((report) => !mine.includes(report))
  }

  /** The progress of the run that has the job in this lease. */
  progressOf(id: bigint, lease: string | undefined): JobProgress | undefined {
    const kept = this.#progress.get(id)
    return kept?.lease === lease ? kept?.progress : undefined
  }

  /** Drops the progress of runs that have ended. */
  forget(isLeased: IsLeased): void {
    for (const [id, { lease }] of this.#progress) {
      if (!isLeased({ id, lease })) this.#progress.delete(id)
    }
  }
}

type IsLeased = (run: Pick<RunReport, "id" | "lease">) => boolean

interface Kept {
  readonly lease: string
  readonly progress: JobProgress
}
