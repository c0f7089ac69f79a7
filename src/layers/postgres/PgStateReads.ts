/**
 * Reads of the workers, the pauses and the newest history in PostgreSQL.
 */
import { Effect } from "effect"
import type { Overview, PastWorker, WorkerOverview } from "../../domain/Overview.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** Of history, so many pages of the day are looked at, the newest. */
const pagesMax = 64

export const make = (to: BoundedReads.To) => ({
  workers: workers(to),
  pastWorkers: pastWorkers(to),
  pauses: pauses(to),
  ends: ends(to)
})

const workers = ({ name, sql }: BoundedReads.To) =>
  withTimeout("workers")(sql<WorkerOverview>`
  SELECT w.id::text, w.label, w.host, w.pid, w.queues, w.names, w.mode, w.concurrency,
         coalesce(sum(cardinality(l.job_ids)), 0)::float8 AS running,
         extract(epoch FROM clock_timestamp() - w.started_at)::float8 AS "ageSeconds",
         extract(epoch FROM clock_timestamp() - (w.lease_until - w.lease))::float8
           AS "renewedSeconds",
         extract(epoch FROM w.lease)::float8 AS "leaseSeconds",
         w.is_stopping AS "isStopping", w.lease_until > clock_timestamp() AS "isLive", w.version
  FROM ${name("workers")} AS w LEFT JOIN ${name("leases")} AS l ON l.worker_id = w.id
  GROUP BY w.id ORDER BY w.started_at, w.id LIMIT 1000
`)

const pastWorkers = ({ name, sql }: BoundedReads.To) =>
  Effect.map(
    sql<Omit<PastWorker, "endedAt"> & { readonly endedAt: Date }>`
    SELECT id::text, label, host, pid, ended, ended_at AS "endedAt",
           extract(epoch FROM clock_timestamp() - ended_at)::float8 AS "endedSeconds",
           jobs_held AS "jobsHeld"
    FROM ${name("past_workers")} WHERE ended_at > now() - interval '10 minutes'
    ORDER BY ended_at DESC, id DESC LIMIT 100
  `,
    (rows) => rows.map((row): PastWorker => ({ ...row, endedAt: row.endedAt.toISOString() }))
  ).pipe(withTimeout("pastWorkers"))

/** The pauses of whole queues, and the time by the database's clock. */
const pauses = ({ name, sql }: BoundedReads.To) =>
  withTimeout("pauses")(sql<PauseRow>`
  SELECT clock.at, p.queue, p.paused_at, p.paused_by, p.until, p.reason
  FROM (SELECT clock_timestamp() AS at) AS clock
  LEFT JOIN ${name("pauses")} AS p
    ON p.name = '' AND (p.until IS NULL OR p.until > clock.at)
  ORDER BY p.queue LIMIT 1000
`)

/**
 * How jobs ended lately, of names that fail. A day's newest pages may not reach back for the
 * whole span: then the answer is of as long as they do.
 */
const ends = (to: BoundedReads.To) =>
  withTimeout("ends")(to.sql<EndsRow>`
  WITH sizes AS MATERIALIZED (
    SELECT 'completed_jobs' AS parent, pg_relation_size(${today(to, "completed_jobs")})
             / current_setting('block_size')::bigint AS pages
    UNION ALL
    SELECT 'failed_jobs', pg_relation_size(${today(to, "failed_jobs")})
             / current_setting('block_size')::bigint
  ), failed AS MATERIALIZED (${newest(to, "failed_jobs")}),
  -- Where nothing has failed, nobody asks for the others.
  completed AS MATERIALIZED (${newest(to, "completed_jobs")} AND EXISTS (SELECT FROM failed)),
  span AS (
    SELECT greatest(
      now() - interval '5 minutes', date_trunc('day', now(), 'UTC'),
      CASE WHEN (SELECT pages FROM sizes WHERE parent = 'completed_jobs') > ${pagesMax}::bigint
        THEN (SELECT min(finished_at) FROM completed) END,
      CASE WHEN (SELECT pages FROM sizes WHERE parent = 'failed_jobs') > ${pagesMax}::bigint
        THEN (SELECT min(finished_at) FROM failed) END
    ) AS start
  ), counted AS (
    SELECT queue, name, count(*) FILTER (WHERE has_failed) AS failed,
           count(*) FILTER (WHERE NOT has_failed) AS completed
    FROM (
      SELECT queue, name, finished_at, true AS has_failed FROM failed
      UNION ALL SELECT queue, name, finished_at, false FROM completed
    ) AS ended
    WHERE finished_at >= (SELECT start FROM span) GROUP BY queue, name
    HAVING count(*) FILTER (WHERE has_failed) > 0 ORDER BY failed DESC LIMIT 20
  )
  SELECT extract(epoch FROM now() - span.start)::float8 AS seconds, queue, name,
         failed::float8 AS failed,
         CASE WHEN (SELECT keep_completed > '0' FROM ${to.name("settings")})
           THEN completed::float8 END AS completed
  FROM span LEFT JOIN counted ON true ORDER BY counted.failed DESC, queue, name
`)

/** The rows of the newest pages of the day, which the index of no history finds by time. */
const newest = ({ name, sql }: BoundedReads.To, parent: string) =>
  sql`
    SELECT queue, name, finished_at FROM ${name(parent)}
    WHERE finished_at >= greatest(now() - interval '5 minutes', date_trunc('day', now(), 'UTC'))
      AND ctid >= (SELECT format('(%s,0)', greatest(pages - ${pagesMax}::bigint, 0))::tid
                   FROM sizes WHERE parent = ${parent}::text)
  `

const today = ({ schema, sql }: BoundedReads.To, parent: string) =>
  sql`to_regclass(format('%I.%I', ${schema}::text,
    ${parent}::text || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD')))`

export interface PauseRow {
  readonly at: Date
  readonly queue: string | null
  readonly paused_at: Date | null
  readonly paused_by: string | null
  readonly until: Date | null
  readonly reason: string | null
}

export interface EndsRow {
  readonly seconds: number
  readonly queue: string | null
  readonly name: string | null
  readonly failed: number | null
  readonly completed: number | null
}

export const endsOf = (rows: ReadonlyArray<EndsRow>): Overview["ends"] => ({
  seconds: rows[0]?.seconds ?? 0,
  names: rows.flatMap(({ completed, failed, name, queue }) =>
    queue === null || name === null || failed === null ? [] : [{ queue, name, failed, completed }]
  )
})
