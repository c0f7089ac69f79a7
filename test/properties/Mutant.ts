/**
 * A schema with one mechanism taken out, to see that its absence is noticed.
 */
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { Effect } from "effect"

/** What is replaced in which functions, everywhere it stands there, and what else is done. */
export interface Mutant {
  readonly name: string
  readonly functions: ReadonlyArray<string>
  readonly from: string
  readonly to: string
  readonly and?: string
}

export const apply = Effect.fnUntraced(function*({ and, from, functions, to }: Mutant) {
  const sql = yield* PgClient.PgClient
  for (const name of functions) {
    const [found] = yield* sql<{ text: string }>`
      SELECT pg_get_functiondef(oid) AS text FROM pg_proc
      WHERE proname = ${name} AND pronamespace = 'pgq'::regnamespace
    `
    assert.include(found!.text, from)
    // A function without settings of its own is compiled among pgq's names, as it was by its
    // migration.
    yield* sql.withTransaction(Effect.andThen(
      sql`SET LOCAL search_path TO pgq, pg_temp`,
      sql.unsafe(found!.text.replaceAll(from, to)).unprepared
    ))
  }
  if (and !== undefined) yield* sql.unsafe(and).unprepared
})
