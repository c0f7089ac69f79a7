/**
 * The jobs of a worker: those that run in slots, and those that wait for a slot.
 *
 * Each job leaves through the settler, unless its lease was lost.
 */
import { type Duration, Effect } from "effect"
import type { CancelRequest } from "../../domain/Cancellation.ts"
import type { Reason } from "../../domain/Interruption.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import * as Pause from "../../domain/Pause.ts"
import * as Prefetch from "../../domain/Prefetch.ts"
import { notWanted, Settlement } from "../../domain/Settlement.ts"
import type { Noted } from "../../services/Awaits.ts"
import { Handlers } from "../../services/Handlers.ts"
import type { WorkerPause } from "../../services/WorkerRegistry.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { Backlog } from "./Backlog.ts"
import * as Completing from "./Completing.ts"
import { LaneRun } from "./LaneRun.ts"
import * as LaneRunner from "./LaneRunner.ts"
import * as Reports from "./Reports.ts"
import * as RunLimits from "./RunLimits.ts"
import * as RunRecorder from "./RunRecorder.ts"
import * as RunSpans from "./RunSpans.ts"
import type { Settler } from "./Settler.ts"
import * as Slots from "./Slots.ts"
import type { Tallies } from "./Tallies.ts"
import { Timings } from "./Timings.ts"

export type JobRunner = Effect.Success<ReturnType<typeof make>>

export interface Options {
  readonly concurrency: number
  readonly settler: Settler
  readonly tallies: Tallies
  /** Decides and records the ends of runs. Defaults to one that gives them to the settler. */
  readonly recorder?: RunRecorder.RunRecorder
  /** The annotations for log lines of handlers, without the worker's own. */
  readonly logAnnotations: Readonly<Record<string, unknown>>
  /** Whether the runs of handlers are traced. Defaults to what holds for the worker. */
  readonly isTraced?: boolean | undefined
  /** How runs have spans. Without this they have none. */
  readonly traces?: RunSpans.Options | undefined
  /** Notes the handlers that wait for other jobs. Without it, nobody does. */
  readonly awaits?: Noted | undefined
  /** How long an interrupted run may go on before it counts as stuck. */
  readonly stuckAfter: Duration.Duration
  /** Whether the leases certainly belong to the worker. Under an expired lease no job starts. */
  readonly isTrusted: () => boolean
  /** Called whenever a job has started or a slot has become free: `wants` may answer more. */
  readonly onRoom: () => void
}

export const make = Effect.fnUntraced(function*(options: Options) {
  const now = yield* Monotonic.millis
  const { settler, tallies } = options
  const spans = options.traces && (yield* RunSpans.make(options.traces, options))
  const plain = options.recorder ?? (yield* RunRecorder.make(settler, tallies))
  const recorder = spans?.recording(plain) ?? plain
  const backlog = new Backlog((run) => recorder.record(run, Settlement.Released()))
  const timings = new Timings()
  const interrupt = (runs: ReadonlyArray<LaneRun>, why: Reason): void => {
    // A fiber may end, and its run go on in another slot, before `slots.interrupt` returns.
    for (const run of runs) {
      if (run.interruption === undefined) limits.interrupted(run)
      run.interrupt(why, now())
    }
    slots.interrupt(runs, why)
  }
  const limits = yield* RunLimits.make({
    now,
    stuckAfter: options.stuckAfter,
    onTimeout: (run) => interrupt([run], "timedOut")
  })
  const reports = yield* Reports.make({ now, lose: (isLost) => ends.lose(isLost) })
  const handlers = yield* Handlers
  const completing = yield* Completing.make({ handlers, limits, now, sendLines: reports.sendLines })
  const calls = { report: reports.progress, complete: completing.complete }
  const lanes = {
    ...options,
    handlers,
    backlog,
    calls,
    completing,
    recorder,
    limits,
    reports,
    spans,
    timings,
    now
  }
  const slots = yield* Slots.make({
    ...options,
    backlog,
    now,
    runLane: LaneRunner.make(lanes),
    onBroken: LaneRunner.makeBroken(lanes)
  })
  const parts: Parts = { ...options, backlog, slots, interrupt, recorder, timings, now }
  const ends = endings(parts)

  return {
    ...intake(parts),
    ...ends,
    tally: recorder.tally,
    count: () => slots.active.size + backlog.size,
    backlogSize: () => backlog.size,
    /** The running jobs, each with its age in milliseconds. */
    running: () =>
      Array.from(slots.active.keys()).flatMap((run) => {
        const { current, isStuck, startedAt } = run
        const fraction = reports.fractionOf(run)
        return current === undefined
          ? []
          : [{ job: current, age: now() - startedAt, isStuck, fraction }]
      }),
    /** Waits until a run is stuck. */
    hasStuck: limits.hasStuck,
    leases: () => [...slots.active.keys(), ...backlog.toArray()].map(({ lease }) => lease)
  }
})

interface Parts extends Options {
  readonly backlog: Backlog
  readonly slots: Slots.Slots
  readonly interrupt: (runs: ReadonlyArray<LaneRun>, why: Reason) => void
  readonly recorder: RunRecorder.RunRecorder
  readonly timings: Timings
  readonly now: () => number
}

/** How jobs come in, and how jobs that cannot start in time go back. */
const intake = (
  { backlog, concurrency, now, settler, slots, tallies, timings }: Parts
) => ({
  /** Takes in the jobs of a claim. */
  add: (jobs: ReadonlyArray<ClaimedJob>): void => {
    tallies.claimed(jobs)
    backlog.add(LaneRun.group(jobs, now()))
    if (jobs.some(({ payload }) => payload === undefined)) {
      // The claim's byte budget is spent. A lane whose first jobs can run goes back from the first
      // job that cannot.
      timings.slowDown()
      backlog.release((run) => run.next?.payload === undefined)
    }
    // The next claim is sent first, so that it is in flight while these jobs run.
    if (backlog.isOpen) queueMicrotask(slots.start)
  },
  /**
   * How many jobs to claim now, how many of them may be suspects, and how many more of each lane.
   */
  wants: () => ({
    // While other jobs fill the slots, suspects run one at a time.
    slots: Math.max(concurrency - slots.active.size - backlog.size, 1),
    limit: Prefetch.claimSize({
      concurrency,
      timings,
      active: slots.active.size,
      backlog: backlog.size,
      unsettled: settler.size(),
      sinceEnd: timings.sinceEnd(now())
    }),
    perLaneMax: Prefetch.perLaneMax(timings)
  }),
  /** Gives back jobs that have waited for too long: another worker may be idle. */
  releaseOverdue: (): void => {
    const claimedBefore = now() - Prefetch.backlogAgeMax
    if (!backlog.toArray().some((run) => run.claimedAt < claimedBefore)) return
    timings.slowDown()
    backlog.release((run) => run.claimedAt < claimedBefore)
  }
})

/** How runs end before their handlers do. */
const endings = ({ backlog, interrupt, recorder, slots }: Parts) => ({
  /** Starts nothing more. Jobs that have not started go back. */
  finish: (): void => backlog.close(),
  /** Interrupts all runs: the worker stops. */
  cancel: (): void => interrupt(Array.from(slots.active.keys()), "stopping"),
  /** Interrupts these jobs, or keeps them from starting. Others than the worker's are ignored. */
  cancelJobs: (requests: ReadonlyArray<CancelRequest>): void => {
    const ids = new Set(requests.map(({ id }) => id))
    const leases = new Set(requests.map(({ lease }) => lease))
    const all = [...slots.active.keys(), ...backlog.toArray()]
    for (const run of all) if (leases.has(run.lease)) run.refuse(ids)
    const running = Array.from(slots.active.keys())
      .filter((run) => run.current !== undefined && run.isRefused(run.current))
    interrupt(running, "cancelled")
    // Jobs that wait for a slot end at once, as far as no other job of their run goes before them.
    for (const run of backlog.toArray()) {
      for (let job = run.next; job !== undefined && run.isRefused(job); job = run.next) {
        recorder.record(run, notWanted)
      }
    }
    backlog.drop((run) => run.next === undefined)
  },
  /**
   * Gives back the jobs that are paused and have not started. Runs go on, unless their pause wants
   * them back.
   */
  heedPauses: (pauses: ReadonlyArray<WorkerPause>): void => {
    const isPaused = (job: ClaimedJob) => pauses.some((pause) => Pause.holds(pause, job))
    for (const run of [...slots.active.keys(), ...backlog.toArray()]) run.pause(isPaused)
    backlog.release(({ next }) => next !== undefined && isPaused(next))
    const wanted = pauses.filter(({ cancelsRunning }) => cancelsRunning)
    const running = Array.from(slots.active.keys()).filter(({ current, interruption }) =>
      current !== undefined && interruption === undefined &&
      wanted.some((pause) => Pause.holds(pause, current))
    )
    interrupt(running, "paused")
  },
  /** Interrupts runs under leases that the worker has lost. Answers the jobs that were running. */
  lose: (isLost: (run: LaneRun) => boolean): ReadonlyArray<ClaimedJob> => {
    backlog.drop(isLost)
    const lost = Array.from(slots.active.keys()).filter((run) =>
      !run.isLost && !run.isDone && isLost(run)
    )
    const jobs = lost.flatMap(({ current }) => current ?? [])
    interrupt(lost, "lost")
    return jobs
  }
})
