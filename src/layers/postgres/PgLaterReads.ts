/**
 * Reads of the jobs for later in PostgreSQL, of lanes that wait with their head, and of suspects.
 */
import { Effect } from "effect"
import type { LaneOverview, Overview } from "../../domain/Overview.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** The jobs for later have one index for all queues: for lanes, so many of them are looked at. */
const laterMax = 10_000

export const make = (to: BoundedReads.To) => ({
  later: later(to),
  blocked: blocked(to),
  blockedLanes: blockedLanes(to),
  retryingLanes: retryingLanes(to),
  suspects: suspects(to)
})

/**
 * The first jobs for later, counted by queue. Those for which claims found no handler are
 * counted by name, too.
 */
const later = ({ name, sql }: BoundedReads.To) => (cap: number) =>
  withTimeout("later")(sql<LaterRow>`
  WITH later AS MATERIALIZED (
    SELECT id, queue, greatest(created_at, run_at) AS due,
           state = 'retry' AND serialization_key IS NOT NULL AS "holdsLane",
           CASE WHEN unhandled_count > 0 AND error LIKE 'no handler for %' THEN name END
             AS unhandled
    FROM ${name("jobs")} WHERE state IN ('scheduled', 'retry') AND run_at < 'infinity'
    ORDER BY run_at LIMIT ${cap}::integer + 1
  )
  SELECT queue, unhandled, count(*)::float8 AS jobs, min(id)::text AS job,
         count(*) FILTER (WHERE "holdsLane")::float8 AS lanes,
         extract(epoch FROM clock_timestamp() - min(due))::float8 AS overdue
  FROM later GROUP BY queue, unhandled ORDER BY queue, unhandled
`)

/**
 * The lanes whose head has failed for good: how many in each queue, and three of them. There is a
 * row without a lane if there is none.
 */
const blocked = ({ name, sql }: BoundedReads.To) => (cap: number) =>
  withTimeout("blocked")(sql<BlockedRow>`
    WITH never AS MATERIALIZED (
      SELECT id, queue, serialization_key AS key, name, failures, error, state
      FROM ${name("jobs")}
      WHERE state IN ('scheduled', 'retry') AND run_at = 'infinity' LIMIT ${cap}::integer + 1
    ), blocked AS (
      SELECT *, count(*) OVER (PARTITION BY queue)::float8 AS lanes,
             row_number() OVER (PARTITION BY queue ORDER BY id) AS n
      FROM never WHERE state = 'retry' AND key IS NOT NULL
        AND NOT EXISTS (SELECT FROM ${name("set_aside")} WHERE job_id = never.id)
    )
    SELECT queue, key, id::text AS job, name, failures, NULL AS next,
           left(split_part(error, E'\\n', 1), 200) AS error, lanes, seen.jobs AS seen
    FROM (SELECT count(*)::float8 AS jobs FROM never) AS seen LEFT JOIN blocked ON n <= 3
    ORDER BY blocked.id LIMIT 300
  `)

const blockedLanes = ({ name, sql }: BoundedReads.To) => (limit: number) =>
  withTimeout("lanes")(sql<LaneRow>`
    SELECT queue, serialization_key AS key, id::text AS job, name, failures, NULL AS next,
           left(split_part(error, E'\\n', 1), 200) AS error
    FROM (
      SELECT * FROM ${name("jobs")} WHERE state IN ('scheduled', 'retry') AND run_at = 'infinity'
      LIMIT ${laterMax}::integer
    ) AS never
    WHERE state = 'retry'
      AND NOT EXISTS (SELECT FROM ${name("set_aside")} WHERE job_id = never.id)
    ORDER BY never.id LIMIT ${limit}::integer
  `)

const retryingLanes = ({ name, sql }: BoundedReads.To) => (limit: number) =>
  withTimeout("lanes")(sql<LaneRow>`
    SELECT queue, serialization_key AS key, id::text AS job, name, failures, run_at AS next,
           left(split_part(error, E'\\n', 1), 200) AS error
    FROM (
      SELECT * FROM ${name("jobs")} WHERE state IN ('scheduled', 'retry') AND run_at < 'infinity'
      ORDER BY run_at LIMIT ${laterMax}::integer
    ) AS later
    WHERE state = 'retry' AND serialization_key IS NOT NULL
    ORDER BY run_at, later.id LIMIT ${limit}::integer
  `)

const suspects = ({ name, sql }: BoundedReads.To) =>
  Effect.map(
    sql<Overview["suspects"][number]>`
    SELECT id::text, queue, name, crash_count AS deaths FROM ${name("jobs")}
    WHERE state = 'ready' AND crash_count > 0
    -- idiom: place index
    ORDER BY queue, priority DESC, coalesce(place, id) LIMIT 20
  `,
    (rows) => rows.map((row) => ({ ...row }))
  ).pipe(withTimeout("suspects"))

export interface LaterRow {
  readonly queue: string
  readonly unhandled: string | null
  readonly jobs: number
  readonly job: string
  /** Those of the jobs that hold their lane. */
  readonly lanes: number
  /** In seconds; below zero if none is due. */
  readonly overdue: number
}

export interface LaneRow extends Omit<LaneOverview, "nextAt"> {
  readonly next: Date | null
}

export interface BlockedRow extends Omit<LaneRow, "queue"> {
  /** `null` in a row without a lane. */
  readonly queue: string | null
  readonly lanes: number
  /** How many jobs were looked at that have no time to start. */
  readonly seen: number
}

export const hasLane = (row: BlockedRow): row is BlockedRow & LaneRow => row.queue !== null

export const laneOf = (
  { error, failures, job, key, name, next, queue }: LaneRow
): LaneOverview => ({
  queue,
  key,
  job,
  name,
  failures,
  nextAt: next === null ? null : next.toISOString(),
  error
})
