/**
 * The ways to the ids of unfinished jobs that a search may find: the indexes that have all of them,
 * for as long as these are not too many.
 */
import type { Statement } from "effect/sql"
import { isOutcome, type JobQuery, type JobState, waitingStates } from "../../domain/JobQuery.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import * as JobSearch from "./PgJobSearch.ts"

/** The indexes are of use up to so many of their jobs. */
export const indexedMax = 20_000

/** Whether a search has terms by which an index finds its jobs. */
export const isIndexed = ({ id, key, queue, state, worker }: JobQuery): boolean =>
  id === undefined && (key ?? queue ?? state ?? worker) !== undefined

/** Whether the indexes are asked queue by queue. */
export const needsQueues = (query: JobQuery): boolean =>
  isIndexed(query) && query.key !== undefined && query.queue === undefined && !isRunning(query)

/** Only a job that runs has a worker. */
const isRunning = ({ state, worker }: JobQuery): boolean =>
  worker !== undefined || state?.filter((state) => !isOutcome(state)).join() === "running"

/** A select of ids for each index that is needed. `queues` are those that may have a job. */
export const selects = (
  to: BoundedReads.To,
  query: JobQuery,
  queues: ReadonlyArray<string>
): ReadonlyArray<Statement.Fragment> => {
  if (isRunning(query)) return [leased(to, query)]
  const wanted = new Set<JobState>(query.state ?? waitingStates)
  const has = (...states: ReadonlyArray<JobState>) => states.some((state) => wanted.has(state))
  const isNever = !has("scheduled", "retry")
  return [
    ...has("ready", "running", "paused") ? ready(to, query, queues) : [],
    ...has("waiting") ? [waiting(to, query, queues)] : [],
    ...has("scheduled", "retry", "blocked", "paused") ? [later(to, isNever)] : []
  ]
}

const leased = ({ name, sql }: BoundedReads.To, { worker }: JobQuery) => {
  const like = JobSearch.like(worker)
  return sql`
    SELECT unnest(l.job_ids) AS id FROM ${name("leases")} AS l
    WHERE ${like}::text IS NULL OR l.worker_id IN (
      SELECT id FROM ${
    name("workers")
  } WHERE label LIKE ${like}::text OR id::text LIKE ${like}::text
    )
  `
}

/** A lane has one job that is ready or leased, found by its key. */
const ready = (
  { name, sql }: BoundedReads.To,
  { key, queue }: JobQuery,
  queues: ReadonlyArray<string>
) => {
  if (key !== undefined) {
    return [sql`
      SELECT head.id FROM unnest(${queues}::text[]) AS q(queue) CROSS JOIN LATERAL (
        SELECT id FROM ${name("jobs")}
        WHERE queue = q.queue AND serialization_key = ${key}::text AND state IN ('ready', 'retry')
      ) AS head
    `]
  }
  const ofQueue = queue === undefined ? sql`` : sql`AND queue = ${queue}::text`
  return [sql`crash_count = 0`, sql`crash_count > 0`].map((health) =>
    sql`
      SELECT id FROM ${name("jobs")} WHERE state = 'ready' AND ${health} ${ofQueue}
      -- idiom: place index
      ORDER BY queue, priority DESC, coalesce(place, id) LIMIT ${indexedMax}::integer + 1
    `
  )
}

const waiting = (
  { name, sql }: BoundedReads.To,
  { key, queue }: JobQuery,
  queues: ReadonlyArray<string>
) => {
  if (key !== undefined) {
    return sql`
      SELECT behind.id FROM unnest(${queues}::text[]) AS q(queue) CROSS JOIN LATERAL (
        SELECT id FROM ${name("jobs")}
        WHERE queue = q.queue AND serialization_key = ${key}::text AND state = 'waiting'
        ORDER BY priority DESC, id LIMIT ${indexedMax}::integer + 1
      ) AS behind
    `
  }
  const ofQueue = queue === undefined ? sql`` : sql`AND queue = ${queue}::text`
  return sql`
    SELECT id FROM ${name("jobs")} WHERE state = 'waiting' ${ofQueue}
    ORDER BY queue, serialization_key, priority DESC, id LIMIT ${indexedMax}::integer + 1
  `
}

/** One index has the jobs for later of all queues and keys. */
const later = ({ name, sql }: BoundedReads.To, isNever: boolean) =>
  sql`
    SELECT id FROM ${name("jobs")}
    WHERE state IN ('scheduled', 'retry') ${isNever ? sql`AND run_at = 'infinity'` : sql``}
    ORDER BY run_at LIMIT ${indexedMax}::integer + 1
  `
