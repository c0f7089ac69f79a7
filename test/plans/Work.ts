/**
 * The work of one statement, by the server's own counts. They include the functions and triggers
 * that the statement ran.
 */
import { Effect } from "effect"
import type { Statement as SqlStatement } from "effect/sql"
import type * as Session from "../support/Session.ts"

export interface Work {
  /** Entries read from each index that was used, by the index's name. */
  readonly indexes: Readonly<Record<string, number>>
  /** Rows read by walking through a table, by the table's name. */
  readonly walked: Readonly<Record<string, number>>
  /** Pages touched of tables and indexes of pgq. The catalog is not counted. */
  readonly pages: number
}

export type Statement = SqlStatement.Statement<unknown>

/** Runs a statement in the session's open transaction. */
export const measure = Effect.fnUntraced(function*<E>(
  session: Session.Session,
  statement: Effect.Effect<unknown, E>
) {
  const before = yield* countsOf(session)
  yield* statement
  const after = yield* countsOf(session)

  const used = after.flatMap((count, at) => {
    const scans = count.scans - before[at]!.scans
    return scans > 0 ? [{ ...count, rows: count.rows - before[at]!.rows }] : []
  })
  const named = (isIndex: boolean) =>
    Object.fromEntries(
      used.filter((count) => count.isIndex === isIndex).map(({ name, rows }) => [name, rows])
    )
  const pages = after.reduce((sum, count, at) => sum + count.pages - before[at]!.pages, 0)
  const work: Work = { indexes: named(true), walked: named(false), pages }
  return work
})

/**
 * The scans so far, the rows that they read, and the pages that were touched. The counts are the
 * transaction's own, and stand still between its statements.
 */
const countsOf = ({ sql }: Session.Session) =>
  sql<{ name: string; isIndex: boolean; scans: number; rows: number; pages: number }>`
    SELECT relname AS name, relkind = 'i' AS "isIndex",
           pg_stat_get_xact_numscans(oid)::integer AS scans,
           pg_stat_get_xact_tuples_returned(oid)::integer AS rows,
           pg_stat_get_xact_blocks_fetched(oid)::integer AS pages
    FROM pg_class WHERE relnamespace = 'pgq'::regnamespace AND relkind IN ('r', 'i')
    ORDER BY relname
  `
