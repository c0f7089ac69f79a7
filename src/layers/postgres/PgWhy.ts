/**
 * Says why jobs wait in PostgreSQL. The functions behind it are in `sql/0018_why.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Reason, ReasonCode } from "../../domain/Why.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "why" | "whyQueue">

export const make = (sql: PgClient.PgClient, schema: string): Steps => ({
  why: Effect.fn("JobControl.why")(
    (id) =>
      sql<Row>`
        SELECT code, detail, since, until, job_id, advice
        FROM ${sql(`${schema}.why`)}(${id}::bigint) ORDER BY place
      `,
    Effect.map((rows) => rows.map(reasonOf)),
    withTimeout("why")
  ),
  whyQueue: Effect.fn("JobControl.whyQueue")(
    (queue) =>
      sql<Row>`
        SELECT code, detail, since, until, job_id, advice
        FROM ${sql(`${schema}.why_queue`)}(${queue}::text) ORDER BY place
      `,
    Effect.map((rows) => rows.map(reasonOf)),
    withTimeout("whyQueue")
  )
})

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
