/**
 * Reads of the database itself: what holds the horizon, how large the tables are, and which days of
 * history have no partition.
 */
import { Effect } from "effect"
import type { DatabaseOverview } from "../../domain/Overview.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import { withTimeout } from "./QueryTimeout.ts"

export const make = (to: BoundedReads.To) => ({
  database: Effect.map(
    Effect.all({
      horizon: withTimeout("horizon")(horizon(to)),
      tables: withTimeout("tables")(tables(to)),
      missing: withTimeout("partitions")(missing(to)),
      unpartitioned: withTimeout("unpartitioned")(unpartitioned(to))
    }),
    ({ horizon, missing, tables, unpartitioned }): DatabaseOverview => ({
      horizon: horizon[0] === undefined ? null : { ...horizon[0] },
      tables: tables.map(({ vacuumed, ...table }) => ({
        ...table,
        vacuumedAt: vacuumed === null ? null : vacuumed.toISOString()
      })),
      missingPartitions: missing.map(({ parent }) => parent),
      unpartitioned: unpartitioned.map((row) => ({ ...row }))
    })
  )
})

const horizon = ({ sql }: BoundedReads.To) =>
  sql<NonNullable<DatabaseOverview["horizon"]>>`
  SELECT * FROM (
    SELECT 'backend' AS holder, coalesce(nullif(application_name, ''), usename, 'no name') AS name,
           pid, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds,
           greatest(age(backend_xmin), age(backend_xid))::float8 AS transactions
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type <> 'autovacuum worker'
      AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
    UNION ALL
    SELECT 'prepared', gid, NULL, extract(epoch FROM clock_timestamp() - prepared),
           age(transaction)
    FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL
    SELECT 'slot', slot_name, active_pid, NULL, age(xmin)
    FROM pg_replication_slots WHERE xmin IS NOT NULL
    UNION ALL
    SELECT 'standby', coalesce(nullif(application_name, ''), 'no name'), pid, NULL,
           age(backend_xmin)
    FROM pg_stat_replication WHERE backend_xmin IS NOT NULL
  ) AS holders ORDER BY transactions DESC, seconds DESC NULLS LAST LIMIT 1
`

const tables = ({ schema, sql }: BoundedReads.To) =>
  sql<TableRow>`
  SELECT format('%I.%I', schemaname, relname) AS table, n_live_tup::float8 AS live,
         n_dead_tup::float8 AS dead, pg_table_size(relid)::float8 AS bytes,
         pg_indexes_size(relid)::float8 AS "indexBytes",
         greatest(last_vacuum, last_autovacuum) AS vacuumed
  FROM pg_stat_user_tables
  WHERE schemaname = ${schema}
    AND relname IN ('jobs', 'leases', 'dirty_lanes', 'workers', 'expiries', 'set_aside')
  ORDER BY relname
`

const missing = ({ schema, sql }: BoundedReads.To) =>
  sql<{ readonly parent: string }>`
  SELECT format('%I.%I', ${schema}::text, parent) AS parent
  FROM unnest(ARRAY['completed_jobs', 'failed_jobs', 'dropped_jobs', 'runs', 'log_lines'])
    AS parent
  WHERE to_regclass(format('%I.%I', ${schema}::text,
    parent || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))) IS NULL
`

/** A role that sees no rows of these tables still sees their statistics. */
const unpartitioned = ({ schema, sql }: BoundedReads.To) =>
  sql<DatabaseOverview["unpartitioned"][number]>`
  SELECT format('%I.%I', schemaname, left(relname, -6)) AS parent, n_live_tup::float8 AS rows
  FROM pg_stat_user_tables
  WHERE schemaname = ${schema} AND relname IN (
    'completed_jobs_other', 'failed_jobs_other', 'dropped_jobs_other', 'runs_other',
    'log_lines_other'
  )
  ORDER BY relname
`

interface TableRow extends Omit<DatabaseOverview["tables"][number], "vacuumedAt"> {
  readonly vacuumed: Date | null
}
