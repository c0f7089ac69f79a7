/**
 * The slots of one worker: in each of them, a fiber works off the backlog.
 *
 * A slot's fiber is not a child of the worker's, and its end is learnt of by an observer: a fiber
 * for each job, or one more that waits for each, would cost as much as a short job itself. The
 * worker's end waits for `active` in their place.
 */
import { Context, Effect, Exit, type Fiber, References, Result } from "effect"
import type { Backlog } from "./Backlog.ts"
import type { LaneRun } from "./LaneRun.ts"

export type Slots = Effect.Success<ReturnType<typeof make>>

/** The run that a fiber is at. */
export interface Slot {
  run: LaneRun | undefined
}

export const make = Effect.fnUntraced(function*(options: {
  readonly concurrency: number
  readonly backlog: Backlog
  readonly now: () => number
  /** Logged with all that a slot's fiber logs. */
  readonly logAnnotations: Readonly<Record<string, unknown>>
  readonly runLane: (run: LaneRun) => Effect.Effect<void>
  /** A fiber has ended in a failure, at this run. Answers with what to do about it. */
  readonly onBroken: (
    run: LaneRun | undefined,
    exit: Exit.Failure<unknown, unknown>
  ) => Effect.Effect<void>
  readonly onFree: () => void
}) {
  const { backlog, concurrency, onBroken, onFree } = options
  const context = yield* Effect.context()
  const fork = Effect.runForkWith(
    Context.add(context, References.CurrentLogAnnotations, options.logAnnotations)
  )
  const active = new Map<LaneRun, Fiber.Fiber<unknown, unknown>>()
  const work = makeWork({ ...options, active })
  let slots = 0

  const breakOff = ({ run }: Slot, exit: Exit.Failure<unknown, unknown>): void => {
    if (run !== undefined) active.delete(run)
    fork(onBroken(run, exit))
  }

  const start = (): void => {
    while (backlog.isOpen && slots < concurrency && backlog.size > 0) {
      slots++
      const slot: Slot = { run: undefined }
      const free = (exit: Exit.Exit<void>): void => {
        slots--
        if (Exit.isFailure(exit)) {
          breakOff(slot, exit)
          // Not from within: each of a thousand such jobs would start the next one.
          setImmediate(start)
        } else start()
        onFree()
      }
      // Effect throws if it cannot describe a value that is no Effect.
      const fiber = Result.try(() => fork(Effect.uninterruptible(work(slot))))
      if (Result.isSuccess(fiber)) fiber.success.addObserver(free)
      else free(Exit.die(fiber.failure))
    }
  }

  const running: ReadonlyMap<LaneRun, unknown> = active
  return {
    /** Starts what waits, as far as there are slots. */
    start,
    active: running,
    interrupt: (runs: Iterable<LaneRun>): void => {
      for (const run of runs) {
        run.abort()
        active.get(run)?.interruptUnsafe()
      }
    }
  }
})

/** Works off the backlog, until it is empty or until something interrupts a run. */
const makeWork = ({ active, backlog, now, onFree, runLane }: {
  readonly active: Map<LaneRun, Fiber.Fiber<unknown, unknown>>
  readonly backlog: Backlog
  readonly now: () => number
  readonly runLane: (run: LaneRun) => Effect.Effect<void>
  readonly onFree: () => void
}) =>
  Effect.fnUntraced(function*(slot: Slot) {
    const fiber = yield* Effect.fiber
    let sliceBeganAt = now()
    while (true) {
      const run = backlog.take()
      if (run === undefined) return
      active.set(run, fiber)
      slot.run = run
      yield* runLane(run)
      slot.run = undefined
      active.delete(run)
      onFree()
      // A fiber stays interrupted: the next job needs another.
      if (run.isBrokenOff) return
      if (run.startedAt - sliceBeganAt > sliceMillis) {
        yield* Effect.yieldNow
        sliceBeganAt = now()
      }
    }
  })

/** After so long, whatever else the process has to do gets its turn. */
const sliceMillis = 5
