/**
 * Tells which runs have gone on for too long. One timer serves all of them.
 *
 * Runs with the same limit come due in the order in which they began, and a Map keeps that order.
 * So the first run of each limit is found without a sorted structure, and a run that ends in time
 * costs one entry that is added and one that is removed.
 */
import { Effect, FiberHandle, type Scope } from "effect"
import type { LaneRun } from "./LaneRun.ts"

export interface Deadlines {
  /** The run has begun, and may go on for so many milliseconds. */
  readonly begin: (run: LaneRun, limit: number) => void
  readonly end: (run: LaneRun, limit: number) => void
}

export const make = Effect.fnUntraced(function*({ now, onDue }: {
  readonly now: () => number
  readonly onDue: (run: LaneRun) => Effect.Effect<void>
}): Effect.fn.Return<Deadlines, never, Scope.Scope> {
  const setTimer = yield* FiberHandle.makeRuntime<never>()
  /** For each limit, when each of its runs comes due. */
  const dueAt = new Map<number, Map<LaneRun, number>>()
  let timerEndsAt = Infinity

  const wakeAt = (at: number): void => {
    if (at >= timerEndsAt) return
    timerEndsAt = at
    setTimer(Effect.andThen(Effect.sleep(Math.max(at - now(), 0)), look))
  }

  const look = Effect.suspend(() => {
    const due = Array.from(dueAt.values(), (runs) => takeDue(runs, now())).flat()
    const next = Math.min(...Array.from(dueAt.values(), firstOf))
    timerEndsAt = Infinity
    return Effect.andThen(
      Effect.forEach(due, onDue, { discard: true }),
      Effect.sync(() => wakeAt(next))
    )
  })

  return {
    begin: (run, limit) => {
      const at = now() + limit
      const runs = dueAt.get(limit)
      if (runs === undefined) dueAt.set(limit, new Map([[run, at]]))
      else runs.set(run, at)
      wakeAt(at)
    },
    end: (run, limit) => {
      dueAt.get(limit)?.delete(run)
    }
  }
})

const takeDue = (runs: Map<LaneRun, number>, now: number): ReadonlyArray<LaneRun> => {
  const due: Array<LaneRun> = []
  for (const [run, at] of runs) {
    if (at > now) break
    due.push(run)
    runs.delete(run)
  }
  return due
}

const firstOf = (runs: ReadonlyMap<LaneRun, number>): number => {
  for (const at of runs.values()) return at
  return Infinity
}
