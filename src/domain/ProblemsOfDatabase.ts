/**
 * The problems of the database: a horizon that is held for long, dead rows, a missing partition.
 */
import * as Count from "./Count.ts"
import type { Limits } from "./Limits.ts"
import type { DatabaseOverview, Overview } from "./Overview.ts"
import type { Weighed } from "./Problem.ts"
import * as Span from "./Span.ts"

export const of = ({ database }: Overview, limits: Limits): ReadonlyArray<Weighed> =>
  database === null
    ? []
    : [
      ...pinned(database, limits),
      ...database.tables.flatMap((table) => bloated(table, limits)),
      ...database.missingPartitions.map(unpartitioned)
    ]

const pinned = ({ horizon, tables }: DatabaseOverview, limits: Limits): ReadonlyArray<Weighed> => {
  if (horizon === null) return []
  const { holder, name, pid, seconds, transactions } = horizon
  const isPinned = seconds === null
    ? transactions > limits.horizonTransactions
    : seconds > limits.horizon
  if (!isPinned) return []
  const span = seconds === null
    ? `${Count.text(Count.exact(transactions))} transactions`
    : Span.ofSeconds(seconds)
  const dead = tables.reduce((sum, table) => sum + table.dead, 0)
  return [{
    code: "HorizonPinned",
    severity: "bad",
    text: `${named(horizon)} has held the horizon for ${span}; ${about(dead)} dead rows`,
    evidence: { holder, name, pid, seconds, transactions, dead },
    next: release(horizon),
    weight: seconds ?? transactions
  }]
}

type Horizon = NonNullable<DatabaseOverview["horizon"]>

const named = ({ holder, name, pid }: Horizon): string => {
  switch (holder) {
    case "backend":
      return `pid ${pid} (${name})`
    case "prepared":
      return `the prepared transaction ${name}`
    case "slot":
      return `the replication slot ${name}`
    case "standby":
      return `the standby ${name}`
  }
}

const release = ({ holder, name, pid }: Horizon): string => {
  switch (holder) {
    case "backend":
    case "standby":
      return `select pg_terminate_backend(${pid})`
    case "prepared":
      return `rollback prepared ${literal(name)}`
    case "slot":
      return `select pg_drop_replication_slot(${literal(name)})`
  }
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

const bloated = (
  { dead, live, table, vacuumedAt }: DatabaseOverview["tables"][number],
  { deadRows, deadRowsPerLive }: Limits
): ReadonlyArray<Weighed> => {
  if (dead <= Math.max(deadRows, deadRowsPerLive * live)) return []
  return [{
    code: "Bloat",
    severity: "bad",
    text: `${table} has ${about(dead)} dead rows and ${about(live)} live ones; ` +
      (vacuumedAt === null ? "it was never vacuumed" : `it was vacuumed at ${vacuumedAt}`),
    evidence: { table, dead, live, vacuumedAt },
    next: `vacuum (verbose) ${table}`,
    weight: dead
  }]
}

const about = (rows: number): string => Count.text({ value: rows, precision: "estimate" })

/** Each worker calls the function once an hour, and it makes the days of a week ahead. */
const unpartitioned = (parent: string): Weighed => {
  const table = parent.slice(parent.lastIndexOf(".") + 1)
  const schema = parent.slice(0, -table.length)
  return {
    code: "PartitionMissing",
    severity: "notice",
    text: `the history of today has no partition in ${parent}`,
    evidence: { parent },
    next: `select ${schema}${prunes.get(table) ?? "mend"}()`,
    weight: 0
  }
}

const prunes = new Map([
  ["completed_jobs", "prune_completed"],
  ["failed_jobs", "prune_failed"],
  ["dropped_jobs", "prune_dropped"],
  ["runs", "prune_runs"],
  ["log_lines", "prune_logs"]
])
