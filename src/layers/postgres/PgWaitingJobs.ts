/**
 * The unfinished jobs that a search finds, the newest first: by the indexes that have all of them,
 * or in a window of ids.
 */
import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import { errorLine, type JobRow } from "../../domain/JobList.ts"
import type { JobQuery, JobState } from "../../domain/JobQuery.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import * as JobSearch from "./PgJobSearch.ts"
import * as Ids from "./PgWaitingIds.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** A search is asked for at the time `now`, and goes on below the id `before`. */
export interface Wanted {
  readonly query: JobQuery
  readonly now: Date
  readonly before: bigint
  readonly limit: number
}

/** The jobs of a window of ids. Its last one comes along, whether it fits or not. */
export const inWindow = (to: BoundedReads.To) => (wanted: Wanted, size: number) => {
  const { before, query: { id } } = wanted
  const { name, sql } = to
  const window = sql`
    SELECT * FROM ${name("jobs")}
    WHERE id < ${before}::bigint AND id >= ${id?.from ?? 0n}::bigint
      AND id <= ${id?.to ?? before}::bigint
    ORDER BY id DESC LIMIT ${size}::integer
  `
  return withTimeout("jobs")(sql<WaitingRow>`
    WITH ${small(to)}, found AS MATERIALIZED (${search(to, wanted, window)})
    SELECT ${shown(sql)}, 0 AS indexed FROM found ${withWorker(to)} ORDER BY found.id DESC
  `)
}

/**
 * The same by indexes. A first row without a job says how many jobs the indexes have; above
 * `Ids.indexedMax` there is no other row.
 */
export const byIndexes =
  (to: BoundedReads.To) => (wanted: Wanted, queues: ReadonlyArray<string>) => {
    const { name, sql } = to
    const [first = sql`SELECT NULL::bigint`, ...others] = Ids.selects(to, wanted.query, queues)
    const selects = others.reduce(
      (all, select) => sql`${all} UNION ALL (${select})`,
      sql`(${first})`
    )
    const jobs = sql`
      SELECT job.* FROM (
        SELECT DISTINCT id FROM indexed
        WHERE id < ${wanted.before}::bigint
          AND (SELECT count(*) FROM indexed) <= ${Ids.indexedMax}::integer
        ORDER BY id DESC
      ) AS one CROSS JOIN LATERAL (
        -- With the limit, each job is looked up by itself.
        SELECT * FROM ${name("jobs")} AS jobs WHERE jobs.id = one.id LIMIT 1
      ) AS job
    `
    return withTimeout("jobs")(sql<WaitingRow | CountRow>`
      WITH ${small(to)}, indexed AS MATERIALIZED (${selects}),
      found AS MATERIALIZED (${search(to, wanted, jobs)})
      SELECT ${shown(sql)}, counted.indexed
      FROM (SELECT count(*)::float8 AS indexed FROM indexed) AS counted
      LEFT JOIN found ON true ${withWorker(to)}
      ORDER BY found.id DESC NULLS LAST
    `)
  }

/** Tables with a row for each batch or pause, by the names that `state` has for them. */
export const small = ({ name, sql }: BoundedReads.To) =>
  sql`
    leased AS MATERIALIZED (
      SELECT unnest(job_ids) AS id, worker_id, claimed_at FROM ${name("leases")}
    ),
    held AS MATERIALIZED (
      SELECT queue, name FROM ${name("pauses")} WHERE until IS NULL OR until > clock_timestamp()
    )
  `

/** The state of a job `j`, as the view `job_states` says. */
export const state = ({ name, sql }: BoundedReads.To) =>
  sql`CASE
    WHEN j.state = 'ready' AND j.id IN (SELECT id FROM leased) THEN 'running'
    WHEN j.run_at = 'infinity'
         AND EXISTS (SELECT FROM ${name("set_aside")} WHERE job_id = j.id) THEN 'paused'
    WHEN j.state = 'ready' AND EXISTS (SELECT FROM held) AND EXISTS (
      SELECT FROM held WHERE held.queue IN (j.queue, '*') AND held.name IN ('', j.name)
    ) THEN 'paused'
    WHEN j.run_at = 'infinity' AND j.state = 'retry' THEN 'blocked'
    ELSE j.state
  END`

/** The jobs among `jobs` that fit, and the last one of all. `jobs` come by id, descending. */
const search = (to: BoundedReads.To, { limit, now, query }: Wanted, jobs: Statement.Fragment) => {
  const { sql } = to
  const columns = {
    state: sql`state`,
    key: sql`serialization_key`,
    attempt: sql`attempt`,
    at: sql`created_at`
  }
  return sql`
    SELECT * FROM (
      SELECT *, ${JobSearch.fits(sql, query, { columns, now })} AND ${ofWorker(to, query)} AS fits
      FROM (
        SELECT j.id, j.created_at, j.run_at, j.priority, j.max_attempts, j.queue, j.name,
               j.serialization_key, j.error, j.payload, shown.state,
               j.failures + (shown.state = 'running')::integer AS attempt,
               row_number() OVER walk AS n, lead(j.id) OVER walk IS NULL AS is_last
        FROM (${jobs}) AS j CROSS JOIN LATERAL (SELECT ${state(to)} AS state) AS shown
        WINDOW walk AS (ORDER BY j.id DESC)
      ) AS seen
    ) AS tried
    WHERE fits OR is_last ORDER BY id DESC LIMIT ${limit}::integer + 1
  `
}

const ofWorker = ({ name, sql }: BoundedReads.To, { worker }: JobQuery) => {
  const like = JobSearch.like(worker)
  return sql`(${like}::text IS NULL OR (state = 'running' AND id IN (
    SELECT leased.id FROM leased JOIN ${name("workers")} AS w ON w.id = leased.worker_id
    WHERE w.label LIKE ${like}::text OR w.id::text LIKE ${like}::text
  )))`
}

const shown = (sql: PgClient.PgClient) =>
  sql`
    found.id::text, found.state, found.name, found.queue, found.serialization_key AS key,
    found.priority, found.attempt, found.max_attempts, found.created_at, w.label,
    CASE WHEN found.state IN ('scheduled', 'retry') THEN found.run_at END AS due_at,
    left(found.error, 1000) AS error, found.n::float8, found.is_last, found.fits
  `

const withWorker = ({ name, sql }: BoundedReads.To) =>
  sql`LEFT JOIN leased ON leased.id = found.id AND found.state = 'running'
      LEFT JOIN ${name("workers")} AS w ON w.id = leased.worker_id`

/** A job that has not ended. */
export interface UnfinishedRow {
  readonly id: string
  readonly state: JobState
  readonly name: string
  readonly queue: string
  readonly key: string | null
  readonly priority: number
  readonly attempt: number
  readonly max_attempts: number | null
  readonly created_at: Date
  readonly due_at: Date | null
  readonly label: string | null
  readonly error: string | null
}

export interface WaitingRow extends UnfinishedRow {
  /** The number of jobs so far that the search has looked at. */
  readonly n: number
  readonly is_last: boolean
  readonly fits: boolean
  readonly indexed: number
}

/** Where no job is found, a row has the number of jobs in the indexes alone. */
export interface CountRow {
  readonly id: null
  readonly indexed: number
}

export const rowOf = (row: UnfinishedRow): JobRow => ({
  id: row.id,
  state: row.state,
  name: row.name,
  queue: row.queue,
  key: row.key,
  priority: row.priority,
  attempt: row.attempt,
  maxAttempts: row.max_attempts,
  createdAt: isoOf(row.created_at) ?? "",
  dueAt: isoOf(row.due_at),
  endedAt: null,
  worker: row.label,
  error: errorLine(row.error)
})

/** A time that is never, or too far away for a `Date`, comes as an invalid one. */
export const isoOf = (date: Date | null): string | null =>
  date === null || Number.isNaN(date.getTime()) ? null : date.toISOString()
