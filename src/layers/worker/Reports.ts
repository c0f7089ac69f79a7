/**
 * The reports of a worker's runs while they go on, sent to the store once a second at most.
 *
 * A report is the first to learn that the lease of its run has ended: then the run is interrupted.
 */
import { Effect, Latch, Result, type Scope } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { progressOf, type RunReport } from "../../domain/RunReport.ts"
import { RunReports } from "../../services/RunReports.ts"
import * as EventLog from "../effects/EventLog.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { LaneRun, Report } from "./LaneRun.ts"
import * as LogFields from "./LogFields.ts"
import * as LostRuns from "./LostRuns.ts"

export interface Reports {
  /** The handler of a job says how far it has come. */
  readonly progress: Report
  /** The job at hand of the run has ended. Its reports that are not sent are dropped. */
  readonly end: (run: LaneRun) => void
}

interface Options {
  /** Interrupts runs that have lost their lease. Answers the jobs that were running. */
  readonly lose: (isLost: (run: LaneRun) => boolean) => ReadonlyArray<ClaimedJob>
}

export const make = Effect.fnUntraced(function*(
  { lose }: Options
): Effect.fn.Return<Reports, never, RunReports | Scope.Scope> {
  const store = yield* RunReports
  const entries = new Map<LaneRun, Entry>()
  const hasNews = yield* Latch.make()
  let isFailing = false

  const send = Effect.fnUntraced(function*(sent: ReadonlyArray<Sent>) {
    const lost = new Set(yield* store.keep(sent.map(({ report }) => report)))
    isFailing = false
    // A run that has ended meanwhile has lost nothing.
    const losers = new Map(
      sent.flatMap(({ entry, report, run }) => lost.has(report) ? [[run, entry.job]] : [])
    )
    yield* LostRuns.say(lose((run) => losers.has(run) && run.current === losers.get(run)))
  })

  const flush = Effect.gen(function*() {
    yield* hasNews.await
    yield* Effect.sleep(pause)
    hasNews.closeUnsafe()
    const { broken, sent } = take(entries)
    yield* Effect.forEach(broken, sayInvalid, { discard: true })
    if (sent.length === 0) return
    yield* Effect.catch(send(sent), (error) => {
      // Newer reports take the place of these.
      for (const { entry, said } of sent) entry.said ??= said
      hasNews.openUnsafe()
      const said = isFailing ? Effect.void : sayFailed(error)
      isFailing = true
      return said
    })
  })
  yield* flush.pipe(restartOnDefect("reporting"), Effect.forever, Effect.forkScoped)

  return {
    progress: (run, job, said) => {
      if (run.current !== job) return
      const entry = entries.get(run)
      if (entry === undefined) entries.set(run, { job, said, isBroken: false })
      else entry.said = said
      hasNews.openUnsafe()
    },
    end: (run) => {
      if (entries.size > 0) entries.delete(run)
    }
  }
})

/** Between two statements. A run that is shorter than this costs none. */
const pause = "1 second"

/** Progress as a handler gives it. */
type Said = Parameters<Report>[2]

/** The reports of a run. */
interface Entry {
  readonly job: ClaimedJob
  /** Progress that is not sent yet: the newest. */
  said: Said | undefined
  /** Whether the log has said that progress of the run cannot be kept. */
  isBroken: boolean
}

interface Sent {
  readonly run: LaneRun
  readonly entry: Entry
  readonly said: Said
  readonly report: RunReport
}

interface Broken {
  readonly job: ClaimedJob
  readonly issue: string
}

/** Takes all news; `broken` are those that cannot be kept, one for each run. */
const take = (entries: ReadonlyMap<LaneRun, Entry>) => {
  const sent: Array<Sent> = []
  const broken: Array<Broken> = []
  for (const [run, entry] of entries) {
    const { job, said } = entry
    entry.said = undefined
    if (said === undefined) continue
    const progress = progressOf(said.fraction, said.data)
    if (Result.isSuccess(progress)) {
      const report = { id: job.id, lease: job.lease, progress: progress.success }
      sent.push({ run, entry, said, report })
    } else if (!entry.isBroken) {
      entry.isBroken = true
      broken.push({ job, issue: progress.failure })
    }
  }
  return { sent, broken }
}

const sayInvalid = ({ issue, job }: Broken): Effect.Effect<void> =>
  EventLog.warning("progress.invalid", {
    text: `the progress of ${LogFields.wordsFor([job])} is not kept: ${issue}`,
    fields: LogFields.ofJob(job)
  })

const sayFailed = (error: StoreError): Effect.Effect<void> =>
  EventLog.warning("report.failed", {
    text: `could not keep the reports of runs: ${error.message}; tried again each second`,
    fields: LogFields.ofError(error)
  })
