/**
 * Reads in PostgreSQL the runs that did not complete. `record_runs` in `sql/0005_settle.sql` and
 * `count_crash` in `sql/0006_maintenance.sql` write them.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import type { JobRun } from "../../domain/JobRun.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "runs">

export const make = (sql: PgClient.PgClient, schema: string): Steps => ({
  runs: Effect.fn("JobControl.runs")(
    function*(id, { limit }) {
      const rows = yield* sql<RunRow>`
        SELECT job_id AS id, attempt, queue, name, worker_id::text AS worker,
               claimed_at AS "claimedAt", ended_at AS "endedAt", ran_ms, outcome,
               next_at AS "nextAt", error
        FROM ${sql(`${schema}.runs`)} WHERE job_id = ${id}::bigint
        ORDER BY ended_at DESC, attempt DESC LIMIT ${limit}::bigint
      `
      return rows.map(({ error, nextAt, ran_ms, ...row }) => ({
        ...row,
        ranFor: ran_ms === null ? undefined : Duration.millis(ran_ms),
        nextAt: nextAt ?? undefined,
        error: error ?? undefined
      }))
    },
    withTimeout("runs")
  )
})

interface RunRow extends Omit<JobRun, "ranFor" | "nextAt" | "error"> {
  readonly ran_ms: number | null
  readonly nextAt: Date | null
  readonly error: string | null
}
