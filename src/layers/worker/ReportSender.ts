/**
 * Sends run reports to the store, and interrupts the runs that turn out to have lost their lease.
 */
import { Effect, Result, Semaphore } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import type { RunReport } from "../../domain/RunReport.ts"
import { RunReports } from "../../services/RunReports.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { LaneRun } from "./LaneRun.ts"
import * as LogFields from "./LogFields.ts"
import * as LostRuns from "./LostRuns.ts"
import type { Said, TimedLine, Unsent } from "./Unsent.ts"

/** The run reports that are not sent yet, by their runs. */
export type Runs = Map<LaneRun, Unsent>

/** Sends everything that is unsent, in some statements of bounded size. One call at a time. */
export const make = Effect.fnUntraced(function*({ again, lose, now, runs }: {
  readonly runs: Runs
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Interrupts runs that have lost their lease. Answers the jobs that were running. */
  readonly lose: (isLost: (run: LaneRun) => boolean) => ReadonlyArray<ClaimedJob>
  /** Reports that could not be sent are to be sent later. */
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
