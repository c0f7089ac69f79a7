/**
 * The jobs that one worker holds: those that run, in their slots, and those that wait for one.
 *
 * Each of them leaves through the settler, unless its lease was lost.
 */
import { Effect } from "effect"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import * as Prefetch from "../../domain/Prefetch.ts"
import { Settlement } from "../../domain/Settlement.ts"
import { Handlers } from "../../services/Handlers.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { Backlog } from "./Backlog.ts"
import { LaneRun } from "./LaneRun.ts"
import * as LaneRunner from "./LaneRunner.ts"
import * as RunRecorder from "./RunRecorder.ts"
import type { Settler } from "./Settler.ts"
import * as Slots from "./Slots.ts"
import { Timings } from "./Timings.ts"

export type JobRunner = Effect.Success<ReturnType<typeof make>>

export interface Options {
  readonly concurrency: number
  readonly settler: Settler
  /** What handlers log has these, and not the worker's own. */
  readonly logAnnotations: Readonly<Record<string, unknown>>
  /** Whether the leases are certainly the worker's still: no job starts under another. */
  readonly isTrusted: () => boolean
  /** Called whenever a slot was freed. */
  readonly onFree: () => void
}

export const make = Effect.fnUntraced(function*(options: Options) {
  const now = yield* Monotonic.millis
  const recorder = yield* RunRecorder.make(options.settler)
  const backlog = new Backlog((run) => recorder.record(run, Settlement.Released()))
  const timings = new Timings()
  const lanes = { ...options, handlers: yield* Handlers, backlog, recorder, timings, now }
  const slots = yield* Slots.make({
    ...options,
    backlog,
    now,
    runLane: LaneRunner.make(lanes),
    onBroken: LaneRunner.makeBroken(lanes)
  })
  const parts: Parts = { ...options, backlog, slots, timings, now }

  return {
    ...intake(parts),
    ...endings(parts),
    tally: recorder.tally,
    count: () => slots.active.size + backlog.size,
    backlogSize: () => backlog.size,
    /** What runs now, with its age in milliseconds. */
    running: () =>
      Array.from(slots.active.keys()).flatMap((run) =>
        run.current === undefined ? [] : [{ job: run.current, age: now() - run.startedAt }]
      ),
    leases: () => [...slots.active.keys(), ...backlog.toArray()].map(({ lease }) => lease)
  }
})

interface Parts extends Options {
  readonly backlog: Backlog
  readonly slots: Slots.Slots
  readonly timings: Timings
  readonly now: () => number
}

/** How jobs come in, and go back unstarted where too many came. */
const intake = ({ backlog, concurrency, now, settler, slots, timings }: Parts) => ({
  /** Takes in what a claim answered with. */
  add: (jobs: ReadonlyArray<ClaimedJob>): void => {
    backlog.add(LaneRun.group(jobs, now()))
    if (jobs.some(({ payload }) => payload === undefined)) {
      // More than there was room for. A lane whose first jobs can run goes back from where it
      // cannot go on.
      timings.slowDown()
      backlog.release((run) => run.next?.payload === undefined)
    }
    // The next claim is sent first, to be under way while these run.
    if (backlog.isOpen) queueMicrotask(slots.start)
  },
  /**
   * How many jobs to claim now, how many of them may be suspects, and how many more of each lane.
   */
  wants: () => ({
    // Where other jobs fill the slots, suspects get their turn one at a time.
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
  /** Gives back what has waited here for too long: another worker may be idle. */
  releaseOverdue: (): void => {
    const claimedBefore = now() - Prefetch.backlogAgeMax
    if (!backlog.toArray().some((run) => run.claimedAt < claimedBefore)) return
    timings.slowDown()
    backlog.release((run) => run.claimedAt < claimedBefore)
  }
})

/** How jobs end before they would by themselves. */
const endings = ({ backlog, slots }: Parts) => ({
  /** Starts nothing more; jobs that have not started go back. */
  finish: (): void => backlog.close(),
  cancel: (): void => {
    for (const run of slots.active.keys()) run.cancel()
    slots.interrupt(slots.active.keys())
  },
  /**
   * Breaks off what runs under leases that are no longer ours. Answers with the jobs that did run.
   */
  lose: (isLost: (run: LaneRun) => boolean): ReadonlyArray<ClaimedJob> => {
    backlog.drop(isLost)
    const lost = Array.from(slots.active.keys()).filter((run) => !run.isLost && isLost(run))
    const jobs = lost.flatMap(({ current }) => current ?? [])
    for (const run of lost) run.lose()
    slots.interrupt(lost)
    return jobs
  }
})
