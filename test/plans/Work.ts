/**
 * The work of one statement, by the server's own counts. They include the functions and triggers
 * that the statement ran.
 */
import { Effect, Schema } from "effect"
import type { Statement as SqlStatement } from "effect/sql"
import type * as Session from "../support/Session.ts"

export interface Work {
  /** Entries read from each index that was used, by the index's name. */
  readonly indexes: Readonly<Record<string, number>>
  /** Rows read by walking through a table, by the table's name. */
  readonly walked: Readonly<Record<string, number>>
  readonly pages: number
}

export type Statement = SqlStatement.Statement<unknown>

/** Runs a statement in the session's open transaction. */
export const measure = Effect.fnUntraced(function*(session: Session.Session, statement: Statement) {
  const { sql } = session
  const before = yield* countsOf(session)
  const plan = yield* sql`EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${statement}`
  const after = yield* countsOf(session)

  const used = after.flatMap((count, at) => {
    const scans = count.scans - before[at]!.scans
    return scans > 0 ? [{ ...count, rows: count.rows - before[at]!.rows }] : []
  })
  const named = (isIndex: boolean) =>
    Object.fromEntries(
      used.filter((count) => count.isIndex === isIndex).map(({ name, rows }) => [name, rows])
    )
  const work: Work = { indexes: named(true), walked: named(false), pages: pagesOf(plan) }
  return work
})

/**
 * The scans so far, and the rows that they read. The counts are the transaction's own, and stand
 * still between its statements.
 */
const countsOf = ({ sql }: Session.Session) =>
  sql<{ name: string; isIndex: boolean; scans: number; rows: number }>`
    SELECT relname AS name, relkind = 'i' AS "isIndex",
           pg_stat_get_xact_numscans(oid)::integer AS scans,
           pg_stat_get_xact_tuples_returned(oid)::integer AS rows
    FROM pg_class WHERE relnamespace = 'pgq'::regnamespace AND relkind IN ('r', 'i')
    ORDER BY relname
  `

const pagesOf = (rows: ReadonlyArray<object>): number => {
  const [{ "QUERY PLAN": [{ Plan }] }] = decodePlan(rows)
  return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"]
}

const decodePlan = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({
  "QUERY PLAN": Schema.Tuple([Schema.Struct({
    Plan: Schema.Struct({
      "Shared Hit Blocks": Schema.Finite,
      "Shared Read Blocks": Schema.Finite
    })
  })])
})]))
