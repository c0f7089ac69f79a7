/**
 * Pauses and resumes queues and names in memory.
 */
import { Clock, Effect } from "effect"
import type { PauseControl } from "../../services/PauseControl.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const make = (store: MemoryStore): PauseControl["Service"] => ({
  pause: (target, terms) =>
    Effect.map(
      Clock.currentTimeMillis,
      (now) => store.pause(target, terms, now) ? "paused" : "already paused"
    ),
  resume: (target) =>
    Effect.map(
      Clock.currentTimeMillis,
      (now) => store.resume(target, now) ? "resumed" : "not paused"
    ),
  paused: Effect.map(Clock.currentTimeMillis, (now) => store.pauses.all(now))
})
