/**
 * Keeps objectives of queues in memory.
 */
import { Effect } from "effect"
import type { Objective, ObjectiveAnswer } from "../../domain/Objective.ts"
import type { Objectives } from "../../services/Objectives.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const make = ({ objectives }: MemoryStore): Objectives["Service"] => ({
  set: (queue, seconds) =>
    Effect.sync((): ObjectiveAnswer => {
      if (seconds === undefined) return objectives.delete(queue) ? "cleared" : "not set"
      objectives.set(queue, seconds)
      return "set"
    }),
  all: Effect.sync(() => allOf(objectives))
})

/** By queue. */
export const allOf = (objectives: MemoryStore["objectives"]): ReadonlyArray<Objective> =>
  Array.from(objectives, ([queue, seconds]) => ({ queue, seconds }))
    .toSorted((a, b) => a.queue < b.queue ? -1 : 1)
