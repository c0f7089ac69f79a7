/**
 * Pauses and resumes queues and names in memory.
 */
import { Clock, Duration, Effect } from "effect"
import type { PauseControl } from "../../services/PauseControl.ts"
import type { Unpaused } from "../../services/Scheduler.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const make = (store: MemoryStore): PauseControl["Service"] => ({
  pause: (target, terms) =>
    Effect.map(
      Clock.currentTimeMillis,
      (now) => store.pauses.pause(target, terms, now) ? "paused" : "already paused"
    ),
  resume: (target) =>
    Effect.map(
      Clock.currentTimeMillis,
      (now) => store.pauses.resume(target, now) ? "resumed" : "not paused"
    ),
  paused: Effect.map(Clock.currentTimeMillis, (now) => store.pauses.all(now))
})

/** Ends the pauses whose time is over, and takes the jobs back that are paused no more. */
export const unpause = (store: MemoryStore, now: number): Unpaused => {
  const { pauses } = store
  pauses.end(now)
  const jobs = store.looks.idsOf((job) => pauses.isAside(job) && !pauses.keeps(job, now))
    .flatMap((id) => store.looks.find(id) ?? [])
    .map((job) => ({ ...job, dueAt: now }))
  const changes = { jobs, finished: [], leases: [] }
  store.change(() => ({ answer: undefined, changes }), now)
  const ends = pauses.all(now).flatMap(({ until }) => until?.getTime() ?? [])
  const next = ends.length === 0 ? undefined : Duration.millis(Math.min(...ends) - now)
  return { unpaused: jobs.length, next }
}
