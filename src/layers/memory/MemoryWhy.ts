/**
 * Says why jobs of the queue in memory wait, with the codes of the store in PostgreSQL. Nothing
 * locks a job here, and its errors are not kept while it waits.
 */
import * as LaneJob from "../../domain/LaneJob.ts"
import * as Lanes from "../../domain/Lanes.ts"
import * as Pause from "../../domain/Pause.ts"
import type { Reason, ReasonCode } from "../../domain/Why.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const of = (store: MemoryStore, id: bigint, now: number): ReadonlyArray<Reason> => {
  const job = store.looks.find(id)
  if (job === undefined) return [ended(store, id)]
  if (job.laneState === "leased") return [running(store, job)]
  const reasons = store.pauses.isAside(job)
    ? []
    : LaneJob.isDelayed(job)
    ? [later(job, now)]
    : [...inLane(store, job, now), ...inLine(store, job)]
  const held = [...reasons, ...paused(store, job, now), ...unclaimed(store, job, now)]
  const why = held.length > 0
    ? held
    : [reason("ready", "nothing keeps it: the next claim takes it", job)]
  return job.expiresAt === undefined ? why : [...why, {
    ...reason("expires", "it ends as expired if it has not started by then", job),
    until: new Date(job.expiresAt)
  }]
}

export const ofQueue = (
  store: MemoryStore,
  queue: string,
  now: number
): ReadonlyArray<Reason> => {
  const jobs = jobsOf(store, queue)
  const next = Lanes.claimable(jobs)[0] ?? jobs.find(LaneJob.isDelayed) ?? jobs[0]
  return next === undefined
    ? [{ ...reason("empty", `queue ${queue} has no unfinished job`), job: undefined }]
    : of(store, next.id, now)
}

const jobsOf = (store: MemoryStore, queue: string): ReadonlyArray<StoredJob> =>
  store.looks.idsOf((job) => job.queue === queue).flatMap((id) => store.looks.find(id) ?? [])

const reason = (
  code: ReasonCode,
  detail: string,
  job?: { readonly id: bigint },
  advice?: string
): Reason => ({ code, detail, since: undefined, until: undefined, job: job?.id, advice })

const running = (store: MemoryStore, job: StoredJob): Reason => {
  const { progress } = store.looks.seen(job.id)
  const done = progress && `; ${Math.round(100 * progress.fraction)} % of it is done`
  return reason("running", `a worker runs it${done ?? ""}`, job)
}

const paused = (store: MemoryStore, job: StoredJob, now: number): ReadonlyArray<Reason> =>
  store.pauses.all(now).filter((pause) => Pause.holds(pause, job)).map((pause) => ({
    ...reason(
      pause.name === undefined ? "queue-paused" : "name-paused",
      `${pause.name ?? `queue ${pause.queue}`} is paused: ${pause.reason ?? "no reason given"}`,
      job,
      `pgq resume ${pause.queue}${pause.name === undefined ? "" : ` --name ${pause.name}`}`
    ),
    since: pause.pausedAt,
    until: pause.until
  }))

const ended = (store: MemoryStore, id: bigint): Reason => {
  const outcome = store.looks.outcomeOf(id)
  return outcome === "unknown"
    ? reason("unknown", "there is no such job, and no history of it", { id })
    : reason(
      "finished",
      `it ended as ${outcome}`,
      { id },
      outcome === "completed" ? undefined : `pgq retry ${id} queues it again`
    )
}

const later = (job: StoredJob, now: number): Reason => {
  const retry = `pgq retry ${job.id} lets it start at once`
  if (job.dueAt === Infinity) {
    return reason("blocked", "it has failed for good, and blocks its key", job, retry)
  }
  const until = new Date(job.dueAt)
  if (job.dueAt <= now - 2000) {
    return { ...reason("due-not-promoted", "it is due, and not made ready", job), since: until }
  }
  const why = job.unhandledCount > 0
    ? reason("unknown-name", `no worker has a handler for "${job.name}"`, job, retry)
    : job.snoozeCount > 0
    ? reason("snoozed", `its handler has put it off ${job.snoozeCount} times`, job, retry)
    : job.failures > 0
    ? reason("between-tries", `it has failed ${job.failures} times`, job, retry)
    : reason("scheduled", "it is for later", job, retry)
  return { ...why, until }
}

const isHead = ({ laneState }: StoredJob): boolean =>
  laneState === "leased" || laneState === "delayedHoldingLane"

/** The first job of the lane, if that is another one, and the reasons of that job. */
const inLane = (store: MemoryStore, job: StoredJob, now: number): ReadonlyArray<Reason> => {
  if (job.key === undefined) return []
  const lane = jobsOf(store, job.queue).filter(({ key }) => key === job.key)
  const first = lane.find(isHead) ?? Lanes.claimable(lane)[0]
  if (first === undefined || first.id === job.id) return []
  return [
    reason(
      "behind-key",
      `job ${first.id} of key ${job.key} goes first`,
      first,
      `pgq why ${first.id}`
    ),
    ...of(store, first.id, now)
  ]
}

/** The jobs of the queue that a claim takes first. */
const inLine = (store: MemoryStore, job: StoredJob): ReadonlyArray<Reason> => {
  const ahead = Lanes.claimable(jobsOf(store, job.queue)).findIndex(({ id }) => id === job.id)
  return ahead <= 0 ? [] : [reason("more-urgent", `${ahead} ready jobs of its queue go first`, job)]
}

const unclaimed = (store: MemoryStore, job: StoredJob, now: number): ReadonlyArray<Reason> => {
  const live = store.looks.workersAlive(now).filter(({ queues }) => queues.includes(job.queue))
  if (live.length === 0) {
    return [reason("no-worker", `no live worker takes jobs of queue ${job.queue}`, job)]
  }
  return live.every(({ concurrency, running }) => running >= concurrency)
    ? [reason("workers-busy", `all slots of the ${live.length} workers are taken`, job)]
    : []
}
