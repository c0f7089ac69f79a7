/**
 * A search for jobs as a condition on rows. `JobQueryMatch` has the rules.
 */
import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import type { JobQuery } from "../../domain/JobQuery.ts"
import * as JobQueryMatch from "../../domain/JobQueryMatch.ts"
import * as SecretNames from "../../domain/SecretNames.ts"

/** The columns and expressions that the condition is on. */
export interface Columns {
  readonly state: Statement.Fragment
  readonly key: Statement.Fragment
  readonly attempt: Statement.Fragment
  /** The time of the job: when it was added, or has ended. */
  readonly at: Statement.Fragment
}

/** A term that the search has not is true before its column is looked at. */
export const fits = (
  sql: PgClient.PgClient,
  query: JobQuery,
  { columns: { at, attempt, key, state }, now }: { readonly columns: Columns; readonly now: Date }
): Statement.Fragment => {
  const { from, to } = JobQueryMatch.timesOf(query, now.getTime())
  return sql`(
    ${within(sql, sql`id`, query.id)} AND ${within(sql, sql`priority`, query.priority)}
    AND ${within(sql, attempt, query.attempt)}
    AND ${isOne(sql, sql`queue`, query.queue)} AND ${isOne(sql, key, query.key)}
    AND (${like(query.name)}::text IS NULL OR name LIKE ${like(query.name)}::text)
    AND (${iso(from)}::timestamptz IS NULL OR ${at} >= ${iso(from)}::timestamptz)
    AND (${iso(to)}::timestamptz IS NULL OR ${at} <= ${iso(to)}::timestamptz)
    AND (${query.state ?? null}::text[] IS NULL OR ${state} = ANY (${query.state ?? null}::text[]))
    AND ${has(sql, sql`error`, query.error)}
    AND (${fields(query)}::text[] IS NULL OR payload @> ALL (${fields(query)}::text[]::jsonb[]))
    AND (${query.text ?? null}::text IS NULL
         OR ${has(sql, sql`error`, query.text)} OR (${has(sql, sql`payload::text`, query.text)}
           -- By the C collation, case is that of ASCII in every database.
           AND (payload::text COLLATE "C") !~* ${SecretNames.ofJsonb}::text))
  )`
}

const within = (
  sql: PgClient.PgClient,
  column: Statement.Fragment,
  { from, to }: { readonly from?: bigint; readonly to?: bigint } = {}
) =>
  sql`(${from ?? null}::bigint IS NULL OR ${column} >= ${from ?? null}::bigint)
    AND (${to ?? null}::bigint IS NULL OR ${column} <= ${to ?? null}::bigint)`

const isOne = (sql: PgClient.PgClient, column: Statement.Fragment, value: string | undefined) =>
  sql`(${value ?? null}::text IS NULL OR ${column} = ${value ?? null}::text)`

const has = (sql: PgClient.PgClient, column: Statement.Fragment, part: string | undefined) =>
  sql`(${part ?? null}::text IS NULL
    OR coalesce(strpos(lower(${column}), lower(${part ?? null}::text)) > 0, false))`

export const like = (pattern: JobQuery["name"]): string | null =>
  pattern === undefined ? null : JobQueryMatch.like(pattern)

const fields = ({ payload }: JobQuery) => payload?.map(JobQueryMatch.contained) ?? null

const iso = (millis: number | undefined): string | null =>
  millis === undefined ? null : new Date(millis).toISOString()
