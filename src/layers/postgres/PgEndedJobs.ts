/**
 * The finished jobs that a search finds, in windows of pages of the history. No index has them by
 * their time, and none is needed: history is appended to.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as HistoryWindows from "../../domain/HistoryWindows.ts"
import { errorLine, type JobRow } from "../../domain/JobList.ts"
import { isOutcome, type JobQuery } from "../../domain/JobQuery.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import * as JobSearch from "./PgJobSearch.ts"
import { isoOf } from "./PgWaitingJobs.ts"
import { withTimeout } from "./QueryTimeout.ts"

export interface Wanted {
  readonly query: JobQuery
  /** The time at which the search was asked for: jobs that ended later are not looked at. */
  readonly now: Date
  readonly limit: number
}

const parents = {
  completed_jobs: ["completed"],
  failed_jobs: ["failed", "crashed"],
  dropped_jobs: ["cancelled", "expired", "discarded"]
}

/** The tables of the history that have the outcomes of a search. */
export const partitions = ({ schema, sql }: BoundedReads.To) => ({ state, worker }: JobQuery) => {
  const names = Object.entries(parents).flatMap(([parent, outcomes]) =>
    worker === undefined &&
      (state === undefined || state.some((state) => outcomes.includes(state)))
      ? [parent]
      : []
  )
  return Effect.map(
    sql<{ table: number; parent: string; name: string; pages: number }>`
      SELECT c.oid::bigint::float8 AS table, p.relname AS parent, c.relname AS name,
             (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::float8 AS pages
      FROM pg_class AS p JOIN pg_inherits AS i ON i.inhparent = p.oid
      JOIN pg_class AS c ON c.oid = i.inhrelid
      WHERE p.relnamespace = ${schema}::regnamespace AND p.relname = ANY (${names}::text[])
    `,
    (rows) =>
      rows.map(({ name, ...row }) => {
        const [, year, month, day] = /_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? []
        return {
          ...row,
          day: day === undefined ? null : Date.UTC(Number(year), Number(month) - 1, Number(day))
        }
      })
  ).pipe(withTimeout("history"))
}

/** Whether a search finds jobs that have ended. */
export const hasEnded = ({ state, worker }: JobQuery): boolean =>
  worker === undefined && (state === undefined || state.some(isOutcome))

/**
 * The jobs of a window that fit, the last ones first. A first row says how many jobs there are;
 * where none fits, it stands alone.
 */
export const inWindow = (to: BoundedReads.To) =>
(
  { limit, now, query }: Wanted,
  { end, first, partition }: HistoryWindows.Window,
  all: ReadonlyArray<HistoryWindows.Partition>
) => {
  const { name, sql } = to
  const times = HistoryWindows.timesOf(partition, all)
  const columns = {
    state: sql`outcome`,
    key: sql`serialization_key`,
    attempt: sql`attempt`,
    at: sql`finished_at`
  }
  // The parent is asked, as a reader may read no partition; the times leave one partition of it.
  const table = sql`
      ${name(partition.parent)} AS ended
      WHERE (${inTimes(sql, times)}) AND tableoid = ${String(partition.table)}::oid
    `
  return withTimeout("history")(sql<EndedRow | SeenRow>`
      WITH seen AS MATERIALIZED (
        SELECT count(*) FILTER (WHERE is_meant)::float8 AS rows,
               min(finished_at) FILTER (WHERE is_meant) AS down_to,
               (array_agg(place ORDER BY place DESC) FILTER (WHERE is_meant AND fits))
                 [1:${limit}::integer + 1] AS places
        FROM (
          SELECT ctid AS place, finished_at,
                 redriven_at IS NULL AND finished_at <= ${now.toISOString()}::timestamptz
                   AS is_meant,
                 ${JobSearch.fits(sql, query, { columns, now })} AS fits
          FROM ${table} AND ctid >= ${`(${first},0)`}::tid
            AND ctid < ${`(${end.page},${end.row})`}::tid
        ) AS tried
      )
      SELECT seen.rows, seen.down_to, found.id::text, outcome, name, queue, key, priority, attempt,
             max_attempts, created_at, found.finished_at, error, tid::text AS place
      FROM seen LEFT JOIN (
        SELECT id, outcome, name, queue, serialization_key AS key, priority, attempt, max_attempts,
               created_at, finished_at, left(error, 1000) AS error, ctid AS tid
        FROM ${table} AND ctid = ANY ((SELECT places FROM seen)::tid[])
      ) AS found ON true
      ORDER BY found.tid DESC
    `)
}

const inTimes = (
  sql: PgClient.PgClient,
  times: ReturnType<typeof HistoryWindows.timesOf>
) =>
  times
    .map(([start, end]) =>
      sql`finished_at >= ${bound(start)}::timestamptz AND finished_at < ${bound(end)}::timestamptz`
    )
    .reduce((all, one) => sql`${all} OR ${one}`)

const bound = (millis: number): string =>
  millis === -Infinity
    ? "-infinity"
    : millis === Infinity
    ? "infinity"
    : new Date(millis).toISOString()

/** A window in which no job fits. */
export interface SeenRow {
  readonly id: null
  readonly rows: number
  readonly down_to: Date | null
}

export interface EndedRow {
  readonly rows: number
  readonly down_to: Date | null
  readonly id: string
  readonly outcome: JobRow["state"]
  readonly name: string
  readonly queue: string
  readonly key: string | null
  readonly priority: number
  readonly attempt: number
  readonly max_attempts: number | null
  readonly created_at: Date
  readonly finished_at: Date
  readonly error: string | null
  /** The page and the row, in brackets. */
  readonly place: string
}

export const rowOf = (row: EndedRow): JobRow => ({
  id: row.id,
  state: row.outcome,
  name: row.name,
  queue: row.queue,
  key: row.key,
  priority: row.priority,
  attempt: row.attempt,
  maxAttempts: row.max_attempts,
  createdAt: isoOf(row.created_at) ?? "",
  dueAt: null,
  endedAt: isoOf(row.finished_at),
  worker: null,
  error: errorLine(row.error)
})

export const placeOf = (
  { place }: EndedRow,
  { day, table }: HistoryWindows.Partition
): HistoryWindows.Place => {
  const [, page, row] = /^\((\d+),(\d+)\)$/.exec(place) ?? []
  return { table, day, page: Number(page), row: Number(row) }
}
