/**
 * The jobs that one worker holds: those that run, in their slots, and those that wait for one.
 *
 * Each of them leaves through the settler, unless its lease was lost.
 */
import { Clock, Effect, Exit, type Fiber, Random } from "effect"
import type { ClaimedJob } from "../domain/Job.ts"
import * as Pace from "../domain/Pace.ts"
import { decide, Settlement, unknownName } from "../domain/Settlement.ts"
import { Handlers } from "../services/Handlers.ts"
import { LaneRun } from "./LaneRun.ts"
import type { Settler } from "./Settler.ts"

export type Runs = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(options: {
  readonly concurrency: number
  readonly settler: Settler
  /** Called whenever a slot was freed. */
  readonly onFree: () => void
}) {
  const { concurrency, settler } = options
  const handlers = yield* Handlers
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const fork = Effect.runForkWith(yield* Effect.context())

  const active = new Map<LaneRun, Fiber.Fiber<void> | undefined>()
  let backlog: Array<LaneRun> = []
  let millisPerJob: number | undefined
  let isStarting = true
  let isFilling = false
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

  const execute = (run: LaneRun, job: ClaimedJob): Effect.Effect<Settlement | undefined> => {
    const handler = handlers.find(job.name)
    if (handler === undefined) return Effect.succeed(unknownName(job))
    const view = run.begin(job, now())
    return Effect.map(
      // This fiber cannot be interrupted where it records how a run ended; the handler says where it can.
      Effect.exit(Effect.suspend(() => handler.run(JSON.parse(job.payload), view))),
      (exit) => {
        millisPerJob = Pace.average(millisPerJob, now() - run.startedAt)
        run.end()
        if (run.isLost) return undefined
        return decide({
          job,
          exit,
          policy: handler.policy,
          isCancelled: run.isCancelled,
          random: random.nextDoubleUnsafe()
        })
      }
    )
  }

  const runLane = Effect.fnUntraced(function*(run: LaneRun) {
    for (const job of run.jobs) {
      if (run.isLost) return
      if (!isStarting || run.isCancelled) return record(job, Settlement.Released())
      const settlement = yield* execute(run, job)
      if (settlement === undefined) return
      record(job, settlement)
      if ("error" in settlement) {
        yield* Effect.logWarning(`job ${job.id} (${job.name}): ${firstLine(settlement.error)}`)
      }
      // A job that goes back undone takes the rest of its lane's run along.
      if (settlement._tag !== "Completed" && settlement._tag !== "Failed") return
    }
  })

  const hasSlot = () => isStarting && active.size < concurrency

  const start = (): void => {
    // A job that waits for nothing ends before `fork` returns: its end must not fill the slots again
    // while they are being filled.
    if (isFilling) return
    isFilling = true
    while (hasSlot()) {
      const run = backlog.shift()
      if (run === undefined) break
      // In sight before it starts: its own first step may cancel it.
      active.set(run, undefined)
      const fiber = fork(Effect.uninterruptible(runLane(run)))
      active.set(run, fiber)
      if (run.isCancelled || run.isLost) fiber.interruptUnsafe()
      fiber.addObserver((exit) => {
        active.delete(run)
        if (Exit.isFailure(exit)) fork(Effect.logError("a run has broken off", exit.cause))
        start()
        options.onFree()
      })
    }
    isFilling = false
  }

  const releaseBacklog = (isDue: (run: LaneRun) => boolean): void => {
    for (const run of backlog.filter(isDue)) {
      run.jobs.slice(0, 1).forEach((job) => record(job, Settlement.Released()))
    }
    backlog = backlog.filter((run) => !isDue(run))
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
      backlog.push(...LaneRun.group(jobs, now()))
      // A claim that was under way when the end was asked for may still answer.
      if (isStarting) start()
      else releaseBacklog(() => true)
    },
    /** How many jobs to claim now, and how many more of each lane. */
    wants: () => ({
      limit: Pace.claimSize({
        concurrency,
        millisPerJob,
        active: active.size,
        backlog: backlog.length
      }),
      laneRun: Pace.laneRun(millisPerJob)
    }),
    count: () => active.size + backlog.length,
    backlogSize: () => backlog.length,
    /** What runs now, with its age in milliseconds. */
    running: () =>
      Array.from(active.keys()).flatMap((run) =>
        run.current === undefined ? [] : [{ job: run.current, age: now() - run.startedAt }]
      ),
    leases: () => [...active.keys(), ...backlog].map(({ lease }) => lease),
    /** Gives back what has waited here for too long: another worker may be idle. */
    releaseOverdue: (): void => {
      const claimedBefore = now() - Pace.backlogAgeMax
      if (!backlog.some((run) => run.claimedAt < claimedBefore)) return
      millisPerJob = Pace.slow
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
    /** Breaks off what ran under leases that are no longer ours; all of them when none is named. */
    lose: (leases?: ReadonlySet<string>): void => {
      const isLost = (run: LaneRun) => leases === undefined || leases.has(run.lease)
      backlog = backlog.filter((run) => !isLost(run))
      const lost = Array.from(active.keys()).filter(isLost)
      for (const run of lost) run.isLost = true
      interrupt(lost)
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

const firstLine = (text: string): string => text.split("\n", 1)[0]!
