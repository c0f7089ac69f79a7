/**
 * The run reports of a worker: progress and log lines of runs that go on, sent to the store once a
 * second. The last lines of a run are sent before its end is recorded.
 *
 * A report is the first to learn that the lease of its run has ended: then the run is interrupted.
 */
import { Duration, Effect, Latch, Logger, Result, type Scope, Semaphore } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { LogBounds } from "../../domain/JobLog.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import type { RunReport } from "../../domain/RunReport.ts"
import { RunReports } from "../../services/RunReports.ts"
import { within } from "../effects/Deadline.ts"
import * as EventLog from "../effects/EventLog.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { LaneRun, Report } from "./LaneRun.ts"
import * as LogFields from "./LogFields.ts"
import * as LostRuns from "./LostRuns.ts"
import { type Said, type TimedLine, Unsent } from "./Unsent.ts"

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
  /** Sends the lines of all runs at once. */
  readonly flush: Effect.Effect<void>
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
  const runs: Runs = new Map()
  const hasNews = yield* Latch.make()
  const send = yield* makeSend({ ...options, runs, again: () => hasNews.openUnsafe() })

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

  const lastLines = within(send({ isProgressMeant: false }), {
    limit: lastWait,
    orElse: Effect.void
  })

  return {
    flush: lastLines,
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
      return Effect.ensuring(lastLines, Effect.sync(() => runs.delete(run)))
    }
  }
})

/** Between two statements. Progress of a run that is shorter than this costs none. */
const pause = "1 second"

/** How long a slot waits for the last lines of its run, which may be lost. */
const lastWait = Duration.seconds(2)

type Runs = Map<LaneRun, Unsent>

/** Sends everything that is unsent, in some statements of bounded size. One call at a time. */
const makeSend = Effect.fnUntraced(function*({ again, lose, now, runs }: Options & {
  readonly runs: Runs
  readonly again: () => void
}) {
  const store = yield* RunReports
  const turn = yield* Semaphore.make(1)
  let isFailing = false

  const sendSome = Effect.fnUntraced(function*(some: ReadonlyArray<Sent>) {
    const lost = new Set(yield* store.keep(some.map(({ report }) => report)))
    isFailing = false
    // A run that has ended meanwhile has lost nothing.
    const losers = new Map(
      some.flatMap(({ report, run, unsent }) => lost.has(report) ? [[run, unsent.job]] : [])
    )
    yield* LostRuns.say(lose((run) => losers.has(run) && run.current === losers.get(run)))
  })

  const fail = (error: StoreError, some: ReadonlyArray<Sent>) => {
    if (error.isTransient) {
      for (const { lines, said, unsent } of some) unsent.putBack(said, lines)
      again()
    }
    const line = isFailing ? Effect.void : sayFailed(error)
    isFailing = true
    return line
  }

  return ({ isProgressMeant }: { readonly isProgressMeant: boolean }): Effect.Effect<void> =>
    turn.withPermit(Effect.gen(function*() {
      while (true) {
        const { broken, some } = take(runs, { isProgressMeant, at: now() })
        yield* Effect.forEach(broken, sayInvalid, { discard: true })
        if (some.length === 0) return
        const hasFailed = yield* Effect.matchEffect(sendSome(some), {
          onSuccess: () => Effect.succeed(false),
          onFailure: (error) => Effect.as(fail(error, some), true)
        })
        if (hasFailed) return
      }
    }))
})

interface Sent {
  readonly run: LaneRun
  readonly unsent: Unsent
  readonly said: Said | undefined
  readonly lines: ReadonlyArray<TimedLine>
  readonly report: RunReport
}

interface Broken {
  readonly job: ClaimedJob
  readonly issue: string
}

/** Takes reports of bounded size; `broken` is progress that cannot be kept. */
const take = (runs: Runs, { at, isProgressMeant }: {
  readonly at: number
  readonly isProgressMeant: boolean
}) => {
  const some: Array<Sent> = []
  const broken: Array<Broken> = []
  let bytesLeft = bytesMax
  for (const [run, unsent] of runs) {
    const { job: { attempt, id, lease }, said } = unsent
    const taken = isProgressMeant ? unsent.takeProgress() : undefined
    if (taken !== undefined && Result.isFailure(taken)) {
      broken.push({ job: unsent.job, issue: taken.failure })
    }
    const progress = taken === undefined ? undefined : Result.getOrUndefined(taken)
    const lines = bytesLeft > 0 ? unsent.takeLines(bytesLeft) : []
    bytesLeft = lines.reduce((left, { line }) => left - line.length, bytesLeft)
    if (progress === undefined && lines.length === 0) continue
    const aged = lines.map(({ at: loggedAt, ...line }) => ({ ...line, age: at - loggedAt }))
    const report = { id, lease, attempt, progress, lines: aged }
    some.push({ run, unsent, said: progress && said, lines, report })
  }
  return { some, broken }
}

/** The lines of one statement: about a megabyte of JSON text. */
const bytesMax = 1_048_576

const sayInvalid = ({ issue, job }: Broken): Effect.Effect<void> =>
  EventLog.warning("progress.invalid", {
    text: `the progress of ${LogFields.wordsFor([job])} is not kept: ${issue}`,
    fields: LogFields.ofJob(job)
  })

const sayFailed = (error: StoreError): Effect.Effect<void> =>
  EventLog.warning("report.failed", {
    text: `could not keep the reports of runs: ${error.message}; ` +
      (error.isTransient ? "tried again each second" : "they are lost"),
    fields: LogFields.ofError(error)
  })
