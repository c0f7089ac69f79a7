/**
 * Reads the logs of jobs in PostgreSQL: `job_log` in `sql/0019_progress.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { LogLine } from "../../domain/JobLog.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "logs">

export const make = (sql: PgClient.PgClient, schema: string): Steps => ({
  logs: Effect.fn("JobControl.logs")(
    (id, { limit, skip }) =>
      sql<LogLine>`
        SELECT logged_at AS at, attempt, level, line
        FROM ${sql(`${schema}.job_log`)}(${id}::bigint, ${skip}::bigint, ${limit}::bigint)
      `,
    withTimeout("logs")
  )
})
