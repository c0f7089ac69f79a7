/**
 * The jobs that one worker holds: those that run, in their slots, and those that wait for one.
 *
 * Each of them leaves through the settler, unless its lease was lost.
 */
import { Cause, Clock, Effect, Exit, type Fiber, MutableList, Random } from "effect"
import type { ClaimedJob, RunningJob } from "../domain/Job.ts"
import * as Pace from "../domain/Pace.ts"
import { decide, Settlement, unknownName } from "../domain/Settlement.ts"
import { type Handler, Handlers } from "../services/Handlers.ts"
import * as FailureLog from "./FailureLog.ts"
import { LaneRun } from "./LaneRun.ts"
import type { Settler } from "./Settler.ts"

export type Runs = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(options: {
  readonly concurrency: number
  readonly settler: Settler
  /** Whether the leases are certainly ours still. What is not, does not start; its lease goes back later. */
  readonly isTrusted: () => boolean
  /** Called whenever a slot was freed. */
  readonly onFree: () => void
}) {
  const { concurrency, settler } = options
  const handlers = yield* Handlers
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const fork = Effect.runForkWith(yield* Effect.context())

  const active = new Map<LaneRun, Fiber.Fiber<unknown, unknown>>()
  const backlog = MutableList.make<LaneRun>()
  const pace: { took: number | undefined; between: number | undefined } = {
    took: undefined,
    between: undefined
  }
  let lastEndedAt: number | undefined
  let slots = 0
  let isStarting = true
  const failures = FailureLog.make()
  const tally: Tally = { done: 0, failed: 0, retried: 0, lastError: undefined }

  /** Monotonic milliseconds. */
  const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1000n) / 1000

  const record = (job: ClaimedJob, settlement: Settlement): void => {
    settler.add({ id: job.id, lease: job.lease, settlement })
    if (settlement._tag === "Completed") tally.done++
    else if (settlement._tag === "Failed") tally.failed++
    else if (settlement._tag === "Retried") tally.retried++
    if ("error" in settlement) tally.lastError = settlement.error
  }

  const runLane = Effect.fnUntraced(function*(run: LaneRun) {
    for (const job of run.jobs) {
      if (!options.isTrusted()) run.isLost = true
      if (run.isLost) return
      if (!isStarting || run.isCancelled) return record(job, Settlement.Released())
      const handler = handlers.find(job.name)
      if (handler === undefined) return yield* end(job, unknownName(job))
      const running = call(handler, job.payload, run.begin(job, now()))
      // This fiber cannot be interrupted where it records how a run ended; the handler says where it can.
      const exit = Exit.isExit(running) ? running : yield* Effect.exit(running)
      learn(run)
      run.end()
      if (run.isLost) return
      const settlement = decide({
        job,
        exit,
        policy: handler.policy,
        isCancelled: run.isCancelled,
        random: () => random.nextDoubleUnsafe()
      })
      if (settlement._tag === "Completed") record(job, settlement)
      else {
        yield* end(job, settlement)
        // A job that stays in the queue takes the rest of its lane's run along.
        if (settlement._tag !== "Failed" || settlement.blocksLane) return
      }
    }
  })

  const end = (job: ClaimedJob, settlement: Settlement): Effect.Effect<void> => {
    record(job, settlement)
    return "error" in settlement ? failures.warn(job, settlement.error) : Effect.void
  }

  const learn = (run: LaneRun): void => {
    const endedAt = now()
    pace.took = Pace.average(pace.took, endedAt - run.startedAt)
    if (lastEndedAt !== undefined) pace.between = Pace.average(pace.between, endedAt - lastEndedAt)
    lastEndedAt = backlog.length > 0 ? endedAt : undefined
  }

  /** Works off the backlog, until it is empty or until something interrupts a run. */
  const slot = Effect.fnUntraced(function*() {
    const fiber = yield* Effect.fiber
    let sliceBeganAt = now()
    while (true) {
      const run = isStarting ? MutableList.take(backlog) : MutableList.Empty
      if (run === MutableList.Empty) return
      active.set(run, fiber)
      yield* runLane(run)
      active.delete(run)
      options.onFree()
      // A fiber stays interrupted: what comes next needs another.
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
      fork(Effect.uninterruptible(slot())).addObserver((exit) => {
        slots--
        const hasDied = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
        if (hasDied) fork(Effect.logError("a run has broken off", exit.cause))
        start()
        options.onFree()
      })
    }
  }

  const releaseBacklog = (isDue: (run: LaneRun) => boolean): void => {
    MutableList.filter(backlog, (run) => {
      if (!isDue(run)) return true
      run.jobs.slice(0, 1).forEach((job) => record(job, Settlement.Released()))
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
    tally,
    /** Takes in what a claim answered with. */
    add: (jobs: ReadonlyArray<ClaimedJob>): void => {
      MutableList.appendAll(backlog, LaneRun.group(jobs, now()))
      // The next claim is sent first, to be under way while these run.
      if (isStarting) queueMicrotask(start)
      // A claim that was under way when the end was asked for may still answer.
      else releaseBacklog(() => true)
    },
    /** How many jobs to claim now, and how many more of each lane. */
    wants: () => ({
      limit: Pace.claimSize({
        concurrency,
        pace,
        active: active.size,
        backlog: backlog.length,
        unsettled: settler.size()
      }),
      laneRun: Pace.laneRun(pace)
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
      const claimedBefore = now() - Pace.backlogAgeMax
      if (!MutableList.toArray(backlog).some((run) => run.claimedAt < claimedBefore)) return
      pace.took = Pace.slow
      releaseBacklog((run) => run.claimedAt < claimedBefore)
    },
    /** Starts nothing more; what has not started goes back. */
    finish: (): void => {
      isStarting = false
      releaseBacklog(() => true)
    },
    cancel: (): void => {
      for (const run of active.keys()) run.isCancelled = true
      interrupt(active.keys())
    },
    /** Breaks off what runs under leases that are no longer ours. Answers with how many jobs did run. */
    lose: (isLost: (run: LaneRun) => boolean): number => {
      MutableList.filter(backlog, (run) => !isLost(run))
      const lost = Array.from(active.keys()).filter((run) => !run.isLost && isLost(run))
      for (const run of lost) run.isLost = true
      interrupt(lost)
      return lost.length
    }
  }
})

/** Since the start of the worker. */
export interface Tally {
  done: number
  failed: number
  retried: number
  lastError: string | undefined
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
