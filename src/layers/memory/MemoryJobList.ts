/**
 * The lists of jobs in memory. One look has all jobs, so a list goes on behind the last one shown.
 */
import { Clock, Effect, Option, Schema } from "effect"
import * as Cursor from "../../domain/Cursor.ts"
import * as JobList from "../../domain/JobList.ts"
import type { JobState } from "../../domain/JobQuery.ts"
import * as JobQueryMatch from "../../domain/JobQueryMatch.ts"
import * as Lanes from "../../domain/Lanes.ts"
import * as Pause from "../../domain/Pause.ts"
import type { Insight } from "../../services/Insight.ts"
import type { Kept } from "./MemoryHistory.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryStore } from "./MemoryStore.ts"

/**
 * The last job shown, whether and when it had ended, when the list was asked for, and how many jobs
 * had ended by then.
 */
const Place = Schema.Struct({
  at: Schema.Finite,
  pastCount: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  id: Schema.String.check(Schema.isPattern(/^\d{1,19}$/)),
  endedAt: Schema.optionalKey(Schema.Finite)
})

const cursor = Cursor.of(Place)

/** A job as a search sees it, and as it is shown. */
interface Listed {
  readonly searched: JobQueryMatch.Searched
  readonly row: JobList.JobRow
  readonly endedAt: number | undefined
}

export const make = (store: MemoryStore): Pick<Insight["Service"], "jobs"> => ({
  jobs: Effect.fnUntraced(function*(search) {
    const { limit, query } = yield* Effect.fromResult(JobList.asked(search))
    const after = search.after === undefined ? undefined : yield* placeOf(search.after)
    const now = after?.at ?? (yield* Clock.currentTimeMillis)
    const pastCount = after?.pastCount ?? store.looks.newestFinished().length
    const listed = [...waiting(store, now), ...ended(store, pastCount)]
      .filter((job) => after === undefined || isBehind(job, after))
    const fits = JobQueryMatch.fits(query, now)
    const found = listed.filter(({ searched }) => fits(searched))
    const shown = found.slice(0, limit)
    const last = found.length > limit ? shown.at(-1) : undefined
    const downTo = last ?? listed.at(-1)
    return {
      items: shown.map(({ row }) => row),
      next: last === undefined ? null : cursor.encode({
        at: now,
        pastCount,
        id: last.row.id,
        ...(last.endedAt === undefined ? {} : { endedAt: last.endedAt })
      }),
      scanned: {
        rows: last === undefined ? listed.length : listed.indexOf(last) + 1,
        downTo: downTo === undefined ? null : new Date(downTo.searched.at).toISOString(),
        isComplete: last === undefined
      }
    }
  })
})

const placeOf = (text: string) =>
  Option.match(cursor.decode(text), {
    onNone: () => Effect.fail(JobList.badCursor),
    onSome: (place) => Effect.succeed(place)
  })

const isBehind = ({ endedAt, searched: { id } }: Listed, after: typeof Place.Type): boolean =>
  after.endedAt === undefined
    ? endedAt !== undefined || id < BigInt(after.id)
    : endedAt !== undefined &&
      (endedAt < after.endedAt || (endedAt === after.endedAt && id < BigInt(after.id)))

/** The jobs that have not ended, the newest first. */
export const waiting = (store: MemoryStore, now: number): ReadonlyArray<Listed> => {
  const stateOf = statesOf(store, now)
  const workers = new Map(store.looks.workersOf(now).map((worker) => [worker.id, worker.label]))
  return store.looks.idsOf(() => true).toReversed()
    .flatMap((id) => store.looks.find(id) ?? [])
    .map((job) => {
      const state = stateOf(job)
      const id = store.looks.workerOf(job.id)
      const worker = id === undefined ? undefined : { id, label: workers.get(id) ?? "" }
      return listedOf(job, {
        state,
        attempt: job.failures + (state === "running" ? 1 : 0),
        at: job.createdAt,
        worker,
        dueAt: state === "scheduled" || state === "retry" ? job.dueAt : undefined,
        endedAt: undefined,
        error: store.looks.runsOf(job.id, 1)[0]?.error
      })
    })
}

const statesOf = (store: MemoryStore, now: number) => {
  const pauses = store.pauses.all(now)
  const first = new Map<string, ReadonlySet<bigint>>()
  const claimable = (queue: string) => {
    const ids = first.get(queue) ??
      new Set(Lanes.claimable(store.looks.ofQueue(queue)).map(({ id }) => id))
    first.set(queue, ids)
    return ids
  }
  return (job: StoredJob): JobState =>
    job.laneState === "leased"
      ? "running"
      : store.pauses.isAside(job)
      ? "paused"
      : job.laneState === "delayed"
      ? "scheduled"
      : job.laneState === "delayedHoldingLane"
      ? job.dueAt < Infinity ? "retry" : "blocked"
      : !claimable(job.queue).has(job.id)
      ? "waiting"
      : pauses.some((pause) => Pause.holds(pause, job))
      ? "paused"
      : "ready"
}

/** Jobs that ended after the list was asked for are not in it: it may have shown them before. */
const ended = (store: MemoryStore, pastCount: number): ReadonlyArray<Listed> => {
  const past = store.looks.newestFinished()
  return past.slice(Math.max(0, past.length - pastCount)).map(({ at, error, job, outcome }) =>
    listedOf(job, {
      state: outcome,
      attempt: job.failures + (outcome === "completed" || outcome === "failed" ? 1 : 0),
      at,
      worker: undefined,
      dueAt: undefined,
      endedAt: at,
      error
    })
  )
}

interface Now extends Pick<JobQueryMatch.Searched, "at" | "attempt" | "state" | "worker"> {
  readonly dueAt: number | undefined
  readonly endedAt: number | undefined
  readonly error: Kept["error"]
}

const listedOf = (
  job: StoredJob,
  { attempt, dueAt, endedAt, error, state, ...now }: Now
): Listed => ({
  endedAt,
  searched: { ...job, ...now, attempt, error, state },
  row: {
    id: String(job.id),
    state,
    name: job.name,
    queue: job.queue,
    key: job.key ?? null,
    priority: job.priority,
    attempt,
    maxAttempts: job.maxAttempts ?? null,
    createdAt: new Date(job.createdAt).toISOString(),
    dueAt: iso(dueAt),
    endedAt: iso(endedAt),
    worker: now.worker?.label ?? null,
    error: JobList.errorLine(error)
  }
})

const iso = (millis: number | undefined): string | null =>
  millis === undefined || millis === Infinity ? null : new Date(millis).toISOString()
