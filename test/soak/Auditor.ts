/**
 * Looks at the database about once a second for what must hold at every moment.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { connect } from "./Database.ts"
import type { Violation } from "./Violation.ts"

/**
 * Looks until it is interrupted, and connects again after a crash of the server. Counts the looks
 * that were answered.
 */
export const run = ({ count, report, url }: {
  readonly url: string
  readonly report: (violation: Violation) => void
  readonly count: (what: string) => void
}): Effect.Effect<never> => {
  const forgotten = seen("forgotten lane", 4, report)
  // A step is one statement: a transaction of pgq that is idle in two looks is a violation.
  const idle = seen("idle in transaction", 2, report)
  const look = Effect.fnUntraced(function*(sql: PgClient.PgClient) {
    forgotten(yield* sql.unsafe<Found>(forgottenLanes).unprepared)
    idle(yield* sql.unsafe<Found>(idleInTransaction).unprepared)
    const doubled = yield* sql.unsafe<Found>(twoHeads).unprepared
    for (const { detail } of doubled) report({ check: "two heads", detail })
    count(looks)
    yield* Effect.sleep("1 second")
  })
  return Effect.flatMap(connect(url), (sql) => Effect.forever(look(sql))).pipe(
    Effect.scoped,
    Effect.exit,
    Effect.andThen(Effect.sleep("500 millis")),
    Effect.forever
  )
}

export const looks = "looks of the auditor"

interface Found {
  readonly detail: string
}

/**
 * Reports a detail that was found in `looksMax` looks in a row. Looks are a second or more apart.
 */
const seen = (
  check: Violation["check"],
  looksMax: number,
  report: (violation: Violation) => void
) => {
  const since = new Map<string, number>()
  return (found: ReadonlyArray<Found>) => {
    const now = new Set(found.map(({ detail }) => detail))
    for (const detail of since.keys()) if (!now.has(detail)) since.delete(detail)
    for (const detail of now) {
      const looks = (since.get(detail) ?? 0) + 1
      since.set(detail, looks)
      if (looks === looksMax) report({ check, detail })
    }
  }
}

// Lanes with waiting jobs that no claim will serve. They have no marker, and either no head or a
// head that is ready, not leased, and less urgent than a waiting job.
export const forgottenLanes = `
  SELECT queue || '/' || serialization_key || ' from id ' || min(id) AS detail
  FROM pgq.jobs AS j
  WHERE state = 'waiting'
    AND NOT EXISTS (
      SELECT FROM pgq.jobs AS t
      WHERE t.queue = j.queue AND t.serialization_key = j.serialization_key
        AND t.serialization_key IS NOT NULL AND t.state IN ('ready', 'retry')
        AND (t.state = 'retry' OR t.priority > j.priority
          OR (t.priority = j.priority AND t.id < j.id)
          OR EXISTS (SELECT FROM pgq.leases AS l WHERE l.queue = t.queue AND t.id = ANY (l.job_ids))))
    AND NOT EXISTS (
      SELECT FROM pgq.dirty_lanes AS w WHERE w.queue = j.queue AND w.key = j.serialization_key)
  GROUP BY queue, serialization_key`

export const twoHeads = `
  SELECT queue || '/' || serialization_key || ': ids ' || array_agg(id)::text AS detail
  FROM pgq.jobs
  WHERE serialization_key IS NOT NULL AND state IN ('ready', 'retry')
  GROUP BY queue, serialization_key HAVING count(*) > 1`

// The start in the detail identifies the transaction. Handlers have a client whose name is `pgq`; a
// transaction of theirs may stay open.
export const idleInTransaction = `
  SELECT pid || ' since ' || xact_start || ': ' || query AS detail FROM pg_stat_activity
  WHERE state LIKE 'idle in transaction%' AND application_name LIKE 'pgq %'`
