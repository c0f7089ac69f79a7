/**
 * The jobs that one worker holds: those that run, in their slots, and those that wait for one.
 *
 * Each of them leaves through the settler, unless its lease was lost.
 */
import { Cause, Context, Effect, Exit, type Fiber, MutableList, References, Result } from "effect"
import { defaults } from "../../domain/JobKind.ts"
import type { ClaimedJob, RunningJob } from "../../domain/JobRecord.ts"
import * as Prefetch from "../../domain/Prefetch.ts"
import { Settlement, unknownName } from "../../domain/Settlement.ts"
import { type Handler, Handlers } from "../../services/Handlers.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { LaneRun } from "./LaneRun.ts"
import * as RunRecorder from "./RunRecorder.ts"
import type { Settler } from "./Settler.ts"

export type Runs = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(options: {
  readonly concurrency: number
  readonly settler: Settler
  /** What handlers log has these, and not the worker's own. */
  readonly logAnnotations: Readonly<Record<string, unknown>>
  /**
   * Whether the leases are certainly ours still. A job whose lease is not does not start; the lease
   * goes back later.
   */
  readonly isTrusted: () => boolean
  /** Called whenever a slot was freed. */
  readonly onFree: () => void
}) {
  const { concurrency, settler } = options
  const handlers = yield* Handlers
  const now = yield* Monotonic.millis
  const outcomes = yield* RunRecorder.make(settler)
  const context = yield* Effect.context()
  const fork = Effect.runForkWith(
    Context.add(context, References.CurrentLogAnnotations, options.logAnnotations)
  )

  const active = new Map<LaneRun, Fiber.Fiber<unknown, unknown>>()
  const backlog = MutableList.make<LaneRun>()
  const timings: { took: number | undefined; between: number | undefined } = {
    took: undefined,
    between: undefined
  }
  let lastEndedAt = 0
  let hadBacklog = false
  let slots = 0
  let isStarting = true

  const runLane = Effect.fnUntraced(function*(run: LaneRun) {
    for (let job = run.next; job !== undefined; job = run.next) {
      if (!options.isTrusted()) run.isLost = true
      if (run.isLost) return
      const { payload } = job
      if (!isStarting || run.isCancelled || payload === undefined) {
        return outcomes.record(run, Settlement.Released())
      }
      const handler = handlers.find(job.name)
      if (handler === undefined) return yield* outcomes.end(run, unknownName(job))
      const running = call(handler, payload, run.begin(job, now()))
      // This fiber cannot be interrupted where it records how a run ended; the handler says where
      // it can.
      const exit = Exit.isExit(running) ? running : yield* Effect.exit(running)
      learn(run)
      run.end()
      if (run.isLost) return
      const settlement = outcomes.of(run, { job, exit, policy: handler.policy })
      if (settlement._tag === "Completed") outcomes.record(run, settlement)
      else yield* outcomes.end(run, settlement)
    }
  })

  // Some failures end the fiber past every `Effect.exit`: a handler's Effect may go on with a value
  // that is none. The job at hand has failed of it; the others of its lane have not.
  const breakOff = ({ run }: Slot, exit: Exit.Failure<unknown, unknown>): void => {
    const job = run?.next
    if (run !== undefined) active.delete(run)
    if (run === undefined || job === undefined) {
      // It was interrupted while the end of its run was being recorded.
      if (Cause.hasInterruptsOnly(exit.cause)) return
      return void fork(outcomes.sayBrokenOff(run, exit.cause))
    }
    run.end()
    if (run.isLost) return
    const policy = handlers.find(job.name)?.policy ?? defaults
    const settlement = Result.getOrElse(
      Result.try(() => outcomes.of(run, { job, exit, policy })),
      // A policy that cannot be computed with breaks a run off, too.
      () => outcomes.of(run, { job, exit, policy: defaults })
    )
    fork(outcomes.end(run, settlement))
    if (run.next !== undefined) MutableList.prepend(backlog, run)
    if (!isStarting) releaseBacklog(() => true)
  }

  const learn = (run: LaneRun): void => {
    const endedAt = now()
    timings.took = Prefetch.average(timings.took, endedAt - run.startedAt)
    if (hadBacklog) timings.between = Prefetch.average(timings.between, endedAt - lastEndedAt)
    hadBacklog = backlog.length > 0
    lastEndedAt = endedAt
  }

  /** Works off the backlog, until it is empty or until something interrupts a run. */
  const work = Effect.fnUntraced(function*(slot: Slot) {
    const fiber = yield* Effect.fiber
    let sliceBeganAt = now()
    while (true) {
      const run = isStarting ? MutableList.take(backlog) : MutableList.Empty
      if (run === MutableList.Empty) return
      active.set(run, fiber)
      slot.run = run
      yield* runLane(run)
      slot.run = undefined
      active.delete(run)
      options.onFree()
      // A fiber stays interrupted: the next job needs another.
      if (run.isCancelled || run.isLost) return
      if (run.startedAt - sliceBeganAt > sliceMillis) {
        yield* Effect.yieldNow
        sliceBeganAt = now()
      }
    }
  })

  const hasWork = () => isStarting && slots < concurrency && backlog.length > 0

  const start = (): void => {
    while (hasWork()) {
      slots++
      const slot: Slot = { run: undefined }
      const free = (exit: Exit.Exit<void>): void => {
        slots--
        if (Exit.isFailure(exit)) {
          breakOff(slot, exit)
          // Not from within: each of a thousand such jobs would start the next one.
          setImmediate(start)
        } else start()
        options.onFree()
      }
      // Effect throws if it cannot describe a value that is no Effect.
      const fiber = Result.try(() => fork(Effect.uninterruptible(work(slot))))
      if (Result.isSuccess(fiber)) fiber.success.addObserver(free)
      else free(Exit.die(fiber.failure))
    }
  }

  const releaseBacklog = (isDue: (run: LaneRun) => boolean): void => {
    MutableList.filter(backlog, (run) => {
      if (!isDue(run)) return true
      outcomes.record(run, Settlement.Released())
      return false
    })
  }

  const interrupt = (runs: Iterable<LaneRun>): void => {
    for (const run of runs) {
      run.abort()
      active.get(run)?.interruptUnsafe()
    }
  }

  return {
    tally: outcomes.tally,
    /** Takes in what a claim answered with. */
    add: (jobs: ReadonlyArray<ClaimedJob>): void => {
      MutableList.appendAll(backlog, LaneRun.group(jobs, now()))
      if (jobs.some(({ payload }) => payload === undefined)) {
        // More than there was room for. A lane whose first jobs can run goes back from where it
        // cannot go on.
        timings.took = Prefetch.slow
        releaseBacklog((run) => run.next?.payload === undefined)
      }
      // The next claim is sent first, to be under way while these run.
      if (isStarting) queueMicrotask(start)
      // A claim that was under way when the end was asked for may still answer.
      else releaseBacklog(() => true)
    },
    /**
     * How many jobs to claim now, how many of them may be suspects, and how many more of each lane.
     */
    wants: () => ({
      // Where other jobs fill the slots, suspects get their turn one at a time.
      slots: Math.max(concurrency - active.size - backlog.length, 1),
      limit: Prefetch.claimSize({
        concurrency,
        timings,
        active: active.size,
        backlog: backlog.length,
        unsettled: settler.size(),
        sinceEnd: now() - lastEndedAt
      }),
      perLaneMax: Prefetch.perLaneMax(timings)
    }),
    count: () => active.size + backlog.length,
    backlogSize: () => backlog.length,
    /** What runs now, with its age in milliseconds. */
    running: () =>
      Array.from(active.keys()).flatMap((run) =>
        run.current === undefined ? [] : [{ job: run.current, age: now() - run.startedAt }]
      ),
    leases: () => [...active.keys(), ...MutableList.toArray(backlog)].map(({ lease }) => lease),
    /** Gives back what has waited here for too long: another worker may be idle. */
    releaseOverdue: (): void => {
      const claimedBefore = now() - Prefetch.backlogAgeMax
      if (!MutableList.toArray(backlog).some((run) => run.claimedAt < claimedBefore)) return
      timings.took = Prefetch.slow
      releaseBacklog((run) => run.claimedAt < claimedBefore)
    },
    /** Starts nothing more; jobs that have not started go back. */
    finish: (): void => {
      isStarting = false
      releaseBacklog(() => true)
    },
    cancel: (): void => {
      for (const run of active.keys()) run.isCancelled = true
      interrupt(active.keys())
    },
    /**
     * Breaks off what runs under leases that are no longer ours. Answers with the jobs that did
     * run.
     */
    lose: (isLost: (run: LaneRun) => boolean): ReadonlyArray<ClaimedJob> => {
      MutableList.filter(backlog, (run) => !isLost(run))
      const lost = Array.from(active.keys()).filter((run) => !run.isLost && isLost(run))
      const jobs = lost.flatMap(({ current }) => current ?? [])
      for (const run of lost) run.isLost = true
      interrupt(lost)
      return jobs
    }
  }
})

/** What a fiber is at. */
interface Slot {
  run: LaneRun | undefined
}

const call = (
  handler: Handler,
  payload: string,
  view: RunningJob
): Effect.Effect<unknown, unknown> => {
  try {
    return handler.run(JSON.parse(payload), view)
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** After so long, whatever else the process has to do gets its turn. */
const sliceMillis = 5
