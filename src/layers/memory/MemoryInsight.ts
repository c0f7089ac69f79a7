/**
 * Looks at a schema in memory. All counts are exact; jobs that wait keep no errors.
 */
import { Clock, Effect } from "effect"
import * as Count from "../../domain/Count.ts"
import { StoreError } from "../../domain/Errors.ts"
import * as FailureGroups from "../../domain/FailureGroups.ts"
import { isDelayed, isOpen, isSuspect } from "../../domain/LaneJob.ts"
import * as Lanes from "../../domain/Lanes.ts"
import * as Objective from "../../domain/Objective.ts"
import type { LaneOverview, Overview, QueueOverview } from "../../domain/Overview.ts"
import * as Pause from "../../domain/Pause.ts"
import * as Insight from "../../services/Insight.ts"
import type { StoredJob } from "./MemoryJob.ts"
import * as MemoryJobList from "./MemoryJobList.ts"
import * as MemoryLanes from "./MemoryLanes.ts"
import * as MemoryObjectives from "./MemoryObjectives.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const make = (store: MemoryStore): Insight.Insight["Service"] => ({
  overview: ({ queues } = {}) => timed((now) => overviewOf(store, now, queues)),
  queue: (name) => timed((now) => queueOf(store, now, name)),
  workers: timed((now) => store.looks.workersOf(now)),
  lanes: (kind) =>
    Effect.sync(() =>
      (kind === "blocked" ? blocked(store) : retrying(store))
        .slice(0, Insight.defaults.lanesMax)
        .map(laneOf)
    ),
  failures: ({ queue, since } = {}) => timed((now) => failuresOf(store, now, { queue, since })),
  ...MemoryJobList.make(store),
  ...MemoryLanes.make(store),
  database: Effect.fail(
    new StoreError({
      operation: "database",
      isTransient: false,
      detail: "a queue in memory has no database",
      cause: undefined
    })
  )
})

const timed = <A>(look: (now: number) => A): Effect.Effect<A> =>
  Effect.map(Clock.currentTimeMillis, look)

const jobsOf = (store: MemoryStore): ReadonlyArray<StoredJob> =>
  store.looks.idsOf(() => true).flatMap((id) => store.looks.find(id) ?? [])

const overviewOf = (
  store: MemoryStore,
  now: number,
  wanted: ReadonlyArray<string> | undefined
): Overview => {
  const jobs = jobsOf(store)
  const { queuesMax } = Insight.defaults
  const names = wanted ?? Array.from(
    new Set([
      ...jobs.map(({ queue }) => queue),
      ...store.looks.workersOf(now).flatMap(({ queues }) => queues),
      ...store.pauses.all(now).map(({ queue }) => queue).filter((name) => name !== Pause.everyQueue)
    ])
  ).toSorted()
  const isSeen = ({ queue }: { readonly queue: string }) =>
    wanted === undefined || wanted.includes(queue)
  return {
    at: new Date(now).toISOString(),
    queues: names.slice(0, queuesMax).map((name) => queueOf(store, now, name)),
    hasMoreQueues: names.length > queuesMax,
    workers: store.looks.workersOf(now),
    pastWorkers: store.workers.ended(now),
    blockedLanes: blocked(store).filter(isSeen).map(laneOf),
    unhandled: unhandledOf(jobs.filter(isSeen)),
    suspects: jobs.filter(isSeen).filter((job) => isOpen(job) && isSuspect(job)).map((job) => ({
      id: String(job.id),
      queue: job.queue,
      name: job.name,
      deaths: job.crashes
    })),
    ends: store.looks.endsSince(now - endsSpan, now),
    promotionLag: Math.max(0, ...jobs.filter(isDelayed).map(({ dueAt }) => (now - dueAt) / 1000)),
    database: null,
    unread: []
  }
}

const endsSpan = 300_000

const queueOf = (store: MemoryStore, now: number, queue: string): QueueOverview => {
  const jobs = store.looks.ofQueue(queue)
  const pauses = store.pauses.all(now)
  const first = Lanes.claimable(jobs)
  const isAside = (job: StoredJob) => store.pauses.isAside(job)
  const ready = first.filter((job) => !pauses.some((pause) => Pause.holds(pause, job)))
  const delayed = jobs.filter((job) => isDelayed(job) && !isAside(job))
  const due = delayed.filter(({ dueAt }) => dueAt < Infinity)
  const workers = store.looks.workersOf(now).filter((worker) =>
    worker.isLive && !worker.isStopping && worker.queues.includes(queue)
  )
  const bands = bandsOf(first.filter((job) => !isSuspect(job)), now)
  const pause = pauses.find((pause) => Pause.holdsQueue(pause, queue))
  return {
    queue,
    latency: Math.max(0, ...bands.map(({ latency }) => latency)),
    objective: Objective.find(MemoryObjectives.allOf(store.objectives), queue),
    bands,
    ready: Count.exact(ready.length),
    waiting: Count.exact(jobs.filter(isOpen).length - first.length),
    running: Count.exact(jobs.filter(({ laneState }) => laneState === "leased").length),
    later: Count.exact(due.length),
    lag: Math.max(0, ...due.map(({ dueAt }) => (now - dueAt) / 1000)),
    retrying: Count.exact(retrying(store).filter((job) => job.queue === queue).length),
    blocked: Count.exact(delayed.filter(({ dueAt }) => dueAt === Infinity).length),
    paused: Count.exact(first.length - ready.length + jobs.filter(isAside).length),
    workers: workers.length,
    slots: workers.reduce((slots, { concurrency }) => slots + concurrency, 0),
    pause: pause === undefined ? null : {
      since: pause.pausedAt.toISOString(),
      until: pause.until?.toISOString() ?? null,
      by: pause.pausedBy,
      reason: pause.reason ?? null
    }
  }
}

/** The first job of each priority, in the order in which they are claimed. */
const bandsOf = (jobs: ReadonlyArray<StoredJob>, now: number): QueueOverview["bands"] =>
  jobs
    .filter((job, n) => job.priority !== jobs[n - 1]?.priority)
    .slice(0, 50)
    .map(({ createdAt, dueAt, priority }) => ({
      priority,
      latency: Math.max(now - Math.max(createdAt, dueAt), 0) / 1000
    }))

const blocked = (store: MemoryStore): ReadonlyArray<StoredJob> =>
  heads(store).filter(({ dueAt }) => dueAt === Infinity)

const retrying = (store: MemoryStore): ReadonlyArray<StoredJob> =>
  heads(store).filter(({ dueAt }) => dueAt < Infinity).toSorted((a, b) => a.dueAt - b.dueAt)

/** The jobs for which their lanes wait. */
const heads = (store: MemoryStore): ReadonlyArray<StoredJob> =>
  jobsOf(store).filter((job) =>
    job.laneState === "delayedHoldingLane" && job.key !== undefined && !store.pauses.isAside(job)
  )

const laneOf = ({ dueAt, failures, id, key = "", name, queue }: StoredJob): LaneOverview => ({
  queue,
  key,
  job: String(id),
  name,
  failures,
  nextAt: dueAt === Infinity ? null : new Date(dueAt).toISOString(),
  error: null
})

const failuresOf = (store: MemoryStore, now: number, options: Insight.FailuresOptions) => {
  const { failuresSince, failuresSinceMax } = Insight.defaults
  const asked = options.since?.getTime() ?? now - failuresSince
  const since = Math.max(asked, now - failuresSinceMax)
  const failures = store.looks.failures(options.queue)
  return FailureGroups.of(failures, { at: now, wanted: since, since, looked: failures.length })
}

const unhandledOf = (jobs: ReadonlyArray<StoredJob>): Overview["unhandled"] => {
  const unhandled = jobs.filter((job) => isDelayed(job) && job.unhandledCount > 0)
  const names = new Map(unhandled.map((job) => [JSON.stringify([job.queue, job.name]), job]))
  return Array.from(names.values(), ({ name, queue }) => {
    const of = unhandled.filter((job) => job.queue === queue && job.name === name)
    return { queue, name, jobs: of.length, job: String(of[0]?.id) }
  })
}
