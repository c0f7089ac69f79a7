/**
 * Records the end of each run: decides the settlement, gives it to the settler, counts it, and logs
 * failures.
 */
import { type Cause, Effect, Exit, Random, References } from "effect"
import { decide } from "../../domain/Decide.ts"
import * as ErrorText from "../../domain/ErrorText.ts"
import { endOf } from "../../domain/Figures.ts"
import type { RunPolicy } from "../../domain/JobKind.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { Settlement } from "../../domain/Settlement.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as BrokenRules from "./BrokenRules.ts"
import * as FailureLog from "./FailureLog.ts"
import type { LaneRun } from "./LaneRun.ts"
import * as LogFields from "./LogFields.ts"
import type { Settler } from "./Settler.ts"
import type { Tallies } from "./Tallies.ts"

export type RunRecorder = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(settler: Settler, tallies: Tallies) {
  const random = yield* Random.Random
  const failures = FailureLog.make()
  const annotations = yield* References.CurrentLogAnnotations
  const tally: Tally = {
    done: 0,
    failed: 0,
    retried: 0,
    snoozed: 0,
    cancelled: 0,
    lastError: undefined
  }
  const brokenRules = BrokenRules.make()

  const record = (run: LaneRun, settlement: Settlement): void => {
    if (leave(run, settlement, { tallies, add: settler.add })) count(tally, settlement)
  }
  const say = (job: ClaimedJob | undefined, failure: FailureLog.Failure | undefined) => {
    if (job === undefined || failure === undefined) return Effect.void
    const said = Effect.andThen(brokenRules.say, failures.say(job, failure))
    return Effect.annotateLogs(said, annotations)
  }

  return {
    tally,
    /** The settlement that follows from the exit. */
    of: (run: LaneRun, { exit, job, policy }: {
      readonly job: ClaimedJob
      readonly policy: RunPolicy
      readonly exit: Exit.Exit<unknown, unknown>
    }): Settlement =>
      run.decided ?? decide({
        job,
        exit,
        policy,
        interruption: run.interruption,
        ranFor: run.ranUntilInterrupted,
        random: () => random.nextDoubleUnsafe(),
        onRuleFailed: (defect) => brokenRules.add(job, defect)
      }),
    /** The next job of the run leaves the run. */
    record,
    /** The next job of the run leaves the run. A failure is logged. */
    end: (run: LaneRun, settlement: Settlement): Effect.Effect<void> => {
      const job = run.next
      record(run, settlement)
      return say(job, failureOf(settlement))
    },
    /**
     * The next job of the run leaves the run: a transaction of its handler has completed it. A
     * handler that has failed all the same is logged.
     */
    completed: (run: LaneRun, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
      const job = run.next
      const settlement = run.completed ?? Settlement.Completed()
      if (leave(run, settlement, { tallies, add: settler.addRecorded })) tally.done++
      return say(job, Exit.isSuccess(exit) ? failureOf(settlement) : late(exit.cause))
    },
    /** The run of this job ended after the worker had lost its lease. */
    lost: (job: ClaimedJob): void => void tallies.ended(job, "lost"),
    /** A slot has crashed in pgq's code, not in a handler. */
    sayBrokenOff: (run: LaneRun | undefined, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
      EventLog.error("slot.crashed", {
        text: "a slot crashed between two jobs; another slot replaces it",
        fields: { ...annotations, ...LogFields.ofJobs(run?.jobs ?? []) },
        cause
      })
  }
})

/** The next job of the run leaves the run, if there is one. */
const leave = (
  run: LaneRun,
  settlement: Settlement,
  { add, tallies }: { readonly add: Settler["add"]; readonly tallies: Tallies }
): boolean => {
  const job = run.next
  if (job === undefined) return false
  const { attempt, id, isSuspect, key, lease, name, queue } = job
  const { ranFor } = run
  const figures = tallies.ended(job, endOf(settlement))
  if (ranFor !== undefined) {
    figures.ran.add(ranFor)
    figures.waited.add((job.waited ?? 0) + run.startedAt - run.claimedAt)
  }
  for (const other of run.settle(settlement)) tallies.ended(other, "released")
  add({ id, lease, key, settlement, ranFor, queue, name, attempt, isSuspect })
  return true
}

const late = (cause: Cause.Cause<unknown>): FailureLog.Failure => ({
  _tag: "Late",
  error: ErrorText.fromCause(cause)
})

const failureOf = (settlement: Settlement): FailureLog.Failure | undefined => {
  if ("error" in settlement) return settlement
  const error = settlement._tag === "Completed" ? settlement.result?.error : undefined
  return error === undefined ? undefined : { _tag: "Invalid", error }
}

const count = (tally: Tally, settlement: Settlement): void => {
  switch (settlement._tag) {
    case "Completed":
      tally.done++
      return
    case "Cancelled":
      tally.cancelled++
      return
    case "Snoozed":
      tally.snoozed++
      return
    case "Retried":
      tally.retried++
      break
    case "Failed":
      tally.failed++
      break
    case "Released":
      return
    case "Unhandled":
  }
  tally.lastError = settlement.error
}

/** Counts since the start of the worker. */
export interface Tally {
  done: number
  failed: number
  retried: number
  snoozed: number
  cancelled: number
  lastError: string | undefined
}
