/**
 * The cost of a load to the PostgreSQL server, as sums that two looks are compared by.
 */
import * as Cpu from "./Cpu.ts"
import type { Stage } from "./Scenario.ts"

export interface Cost {
  readonly cpuSeconds: number
  readonly walBytes: number
  /** Tables with their TOAST, without their indexes and without the history. */
  readonly tableBytes: number
  readonly indexBytes: number
  /** All of the history, where it is a table of its own. */
  readonly historyBytes: number
}

export const look = async ({ contender, server, sql }: Stage): Promise<Cost> => {
  const { rows: [session] } = await server.query<{ pid: number; wal: string }>(
    `SELECT pg_backend_pid() AS pid, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal`
  )
  const cpuSeconds = Cpu.ofServer(session!.pid)
  const { rows: [sizes] } = await sql.query<Record<"tables" | "indexes" | "history", string>>(
    `SELECT coalesce(sum(pg_table_size(oid)) FILTER (WHERE NOT is_history), 0) AS tables,
            coalesce(sum(pg_indexes_size(oid)) FILTER (WHERE NOT is_history), 0) AS indexes,
            coalesce(sum(pg_total_relation_size(oid)) FILTER (WHERE is_history), 0) AS history
     FROM (
       SELECT oid,
              coalesce(coalesce(pg_partition_root(oid), oid) = to_regclass($1), false) AS is_history
       FROM pg_class
       WHERE relkind = 'r'
         AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
     ) AS relation`,
    [contender.history ?? null]
  )
  return {
    cpuSeconds,
    walBytes: Number(session!.wal),
    tableBytes: Number(sizes!.tables),
    indexBytes: Number(sizes!.indexes),
    historyBytes: Number(sizes!.history)
  }
}
