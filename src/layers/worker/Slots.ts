/**
 * The slots of a worker: in each slot, a fiber works off the backlog.
 *
 * A slot's fiber is not a child of the worker's fiber, and an observer learns of its end. A child
 * fiber for each job, or one more fiber that waits for each, would cost as much as a short job.
 * When the worker stops, it waits for `active` instead.
 */
import { Context, Effect, Exit, type Fiber, References, Result, Tracer } from "effect"
import * as Interruption from "../../domain/Interruption.ts"
import { Awaits, type Noted } from "../../services/Awaits.ts"
import type { Backlog } from "./Backlog.ts"
import type { LaneRun } from "./LaneRun.ts"

export type Slots = Effect.Success<ReturnType<typeof make>>

/** The run that a fiber works on. */
export interface Slot {
  run: LaneRun | undefined
}

export const make = Effect.fnUntraced(function*(options: {
  readonly concurrency: number
  readonly backlog: Backlog
  readonly now: () => number
  /** The annotations of a slot's log lines. */
  readonly logAnnotations: Readonly<Record<string, unknown>>
  /** Whether the fibers of slots make spans. Defaults to what holds for the worker. */
  readonly isTraced?: boolean | undefined
  /** Notes the handlers that wait for other jobs. Without it, nobody does. */
  readonly awaits?: Noted | undefined
  readonly runLane: (run: LaneRun) => Effect.Effect<void>
  /** A fiber has crashed in this run. Answers the log line. */
  readonly onBroken: (
    run: LaneRun | undefined,
    exit: Exit.Failure<unknown, unknown>
  ) => Effect.Effect<void>
  readonly onRoom: () => void
}) {
  const { backlog, concurrency, onBroken, onRoom } = options
  const fork = Effect.runForkWith(yield* contextOf(options))
  const active = new Map<LaneRun, Fiber.Fiber<unknown, unknown>>()
  const work = makeWork({ ...options, active })
  let slots = 0

  const breakOff = ({ run }: Slot, exit: Exit.Failure<unknown, unknown>): void => {
    if (run !== undefined) active.delete(run)
    fork(onBroken(run, exit))
    onRoom()
  }

  const start = (): void => {
    const waiting = backlog.size
    while (backlog.isOpen && slots < concurrency && backlog.size > 0) {
      slots++
      const slot: Slot = { run: undefined }
      const free = (exit: Exit.Exit<void>): void => {
        slots--
        if (Exit.isFailure(exit)) {
          breakOff(slot, exit)
          // Deferred: a thousand jobs that end at once would otherwise start each other
          // recursively.
          setImmediate(start)
        } else start()
      }
      // `fork` itself throws if a value that is not an Effect cannot be printed.
      const fiber = Result.try(() => fork(Effect.uninterruptible(work(slot))))
      if (Result.isSuccess(fiber)) fiber.success.addObserver(free)
      else free(Exit.die(fiber.failure))
    }
    // The loop may have looked for room while these runs still waited.
    if (backlog.size < waiting) onRoom()
  }

  const running: ReadonlyMap<LaneRun, unknown> = active
  return {
    /** Starts waiting runs as far as slots are free. */
    start,
    active: running,
    /** Interrupts the fibers of runs. The rest of an interrupted run starts in another slot. */
    interrupt: (runs: Iterable<LaneRun>, why: Interruption.Reason): void => {
      const annotations = Interruption.annotate(why)
      for (const run of runs) active.get(run)?.interruptUnsafe(undefined, annotations)
    }
  }
})

/** The context of slots. The span in which the worker's layer was built is of no job. */
const contextOf = Effect.fnUntraced(function*({ awaits, isTraced, logAnnotations }: {
  readonly logAnnotations: Readonly<Record<string, unknown>>
  readonly isTraced?: boolean | undefined
  readonly awaits?: Noted | undefined
}) {
  const isOn = isTraced ?? (yield* References.TracerEnabled)
  const context = yield* Effect.context()
  return (awaits === undefined ? context : Context.add(context, Awaits, awaits)).pipe(
    Context.omit(Tracer.ParentSpan),
    Context.add(References.CurrentLogAnnotations, logAnnotations),
    Context.add(References.TracerEnabled, isOn)
  )
})

/** Works off the backlog until it is empty or a run is interrupted. */
const makeWork = ({ active, backlog, now, onRoom, runLane }: {
  readonly active: Map<LaneRun, Fiber.Fiber<unknown, unknown>>
  readonly backlog: Backlog
  readonly now: () => number
  readonly runLane: (run: LaneRun) => Effect.Effect<void>
  readonly onRoom: () => void
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
      const isInterrupted = run.interruption !== undefined
      if (isInterrupted && !run.isLost && run.next !== undefined) backlog.putBack(run)
      onRoom()
      // An interrupted fiber stays interrupted, so the next job needs another fiber.
      if (isInterrupted) return
      if (run.startedAt - sliceBeganAt > sliceMillis) {
        yield* Effect.yieldNow
        sliceBeganAt = now()
      }
    }
  })

/** After this time the other work of the process gets a turn. */
const sliceMillis = 5
