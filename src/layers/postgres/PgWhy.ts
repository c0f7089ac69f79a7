/**
 * Says why jobs wait in PostgreSQL. The functions behind it are in `sql/0018_why.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Reason, ReasonCode } from "../../domain/Why.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "why" | "whyQueue">

export const make = (sql: PgClient.PgClient, schema: string): Steps => {
  const ask = (step: "why" | "why_queue", of: bigint | string) =>
    Effect.map(
      sql<Row>`
        SELECT code, detail, since, until, job_id, advice
        FROM ${sql(`${schema}.${step}`)}(${of}) ORDER BY place
      `,
      (rows) => rows.map(reasonOf)
    )
  return {
    why: Effect.fn("JobControl.why")((id) => ask("why", id), withTimeout("why")),
    whyQueue: Effect.fn("JobControl.whyQueue")(
      (queue) => ask("why_queue", queue),
      withTimeout("whyQueue")
    )
  }
}

interface Row {
  readonly code: ReasonCode
  readonly detail: string
  readonly since: Date | null
  readonly until: Date | null
  readonly job_id: bigint | null
  readonly advice: string | null
}

const reasonOf = (row: Row): Reason => ({
  code: row.code,
  detail: row.detail,
  since: row.since ?? undefined,
  until: row.until ?? undefined,
  job: row.job_id ?? undefined,
  advice: row.advice ?? undefined
})
