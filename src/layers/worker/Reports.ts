/**
 * The run reports of a worker: progress and log lines of runs that go on, sent to the store once a
 * second. The last lines of a run are sent before its end is recorded.
 *
 * A report is the first to learn that the lease of its run has ended: then the run is interrupted.
 */
import { Duration, Effect, Latch, Logger, type Scope } from "effect"
import type { LogBounds } from "../../domain/JobLog.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import type { RunReports } from "../../services/RunReports.ts"
import { within } from "../effects/Deadline.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { LaneRun, Report } from "./LaneRun.ts"
import * as ReportSender from "./ReportSender.ts"
import { Unsent } from "./Unsent.ts"

export interface Reports {
  /** The handler of a job says how far it has come. */
  readonly progress: Report
  /** The share of the work of the run's job that is done; `undefined` if nobody knows. */
  readonly fractionOf: (run: LaneRun) => number | undefined
  /** The logger that keeps the lines of a run of a kind with a log. */
  readonly logger: (
    run: LaneRun,
    job: ClaimedJob,
    bounds: LogBounds
  ) => Logger.Logger<unknown, void>
  /** Sends the lines of the run so far, and the number of those that were left out. */
  readonly sendLines: (run: LaneRun) => Effect.Effect<void>
  /** The job at hand of the run has ended. Sends its last lines, if there are some. */
  readonly end: (run: LaneRun) => Effect.Effect<void> | undefined
  /** The same, without sending anything. */
  readonly drop: (run: LaneRun) => void
}

interface Options {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Interrupts runs that have lost their lease. Answers the jobs that were running. */
  readonly lose: (isLost: (run: LaneRun) => boolean) => ReadonlyArray<ClaimedJob>
}

export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Reports, never, RunReports | Scope.Scope> {
  const { now } = options
  const runs: ReportSender.Runs = new Map()
  const hasNews = yield* Latch.make()
  const send = yield* ReportSender.make({ ...options, runs, again: () => hasNews.openUnsafe() })

  const flush = Effect.gen(function*() {
    yield* hasNews.await
    yield* Effect.sleep(pause)
    hasNews.closeUnsafe()
    yield* send({ isProgressMeant: true })
  })
  yield* flush.pipe(restartOnDefect("reporting"), Effect.forever, Effect.forkScoped)

  const unsentOf = (run: LaneRun, job: ClaimedJob): Unsent | undefined => {
    if (run.current !== job) return undefined
    const unsent = runs.get(run) ?? new Unsent(job)
    runs.set(run, unsent)
    hasNews.openUnsafe()
    return unsent
  }

  const sendLines = within(send({ isProgressMeant: false }), {
    limit: lastWait,
    orElse: Effect.void
  })

  return {
    sendLines: (run) =>
      Effect.suspend(() => {
        runs.get(run)?.countOmitted(now())
        return sendLines
      }),
    progress: (run, job, said) => {
      const unsent = unsentOf(run, job)
      if (unsent !== undefined) unsent.said = said
    },
    logger: (run, job, bounds) =>
      Logger.make(({ cause, logLevel, message }) =>
        unsentOf(run, job)?.log(bounds, { at: now(), level: logLevel, message, cause })
      ),
    fractionOf: (run) => runs.get(run)?.fraction,
    drop: (run) => void runs.delete(run),
    end: (run) => {
      if (runs.size === 0) return undefined
      const unsent = runs.get(run)
      unsent?.end(now())
      if (unsent?.hasLines !== true || run.isLost) {
        runs.delete(run)
        return undefined
      }
      return Effect.ensuring(sendLines, Effect.sync(() => runs.delete(run)))
    }
  }
})

/** Between two statements. Progress of a run that is shorter than this costs none. */
const pause = "1 second"

/** How long a slot waits for the last lines of its run, which may be lost. */
const lastWait = Duration.seconds(2)
