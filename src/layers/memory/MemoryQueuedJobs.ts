/**
 * The unfinished jobs of the queue in memory.
 */
import { Clock, Effect } from "effect"
import { isOpen } from "../../domain/LaneJob.ts"
import type { QueuedJobs } from "../../services/QueuedJobs.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const make = (store: MemoryStore): QueuedJobs["Service"] => {
  const jobs = (isMeant: (job: StoredJob) => boolean) =>
    store.looks.idsOf(isMeant).flatMap((id) => store.looks.find(id) ?? [])
  return {
    behind: (id) =>
      Effect.map(
        Clock.currentTimeMillis,
        (now) => ({ now, jobs: jobs((job) => job.id > id) })
      ),
    lastId: Effect.sync(() => store.looks.idsOf(() => true).at(-1) ?? 0n),
    queues: Effect.sync(() => Array.from(new Set(jobs(isOpen).map(({ queue }) => queue))))
  }
}
