/**
 * Applies changes to the schema of a database.
 */
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Change, TextChange } from "./Mutant.ts"

export const apply = Effect.fnUntraced(function*(changes: ReadonlyArray<Change>) {
  const sql = yield* PgClient.PgClient
  for (const change of changes) {
    if ("statement" in change) yield* sql.unsafe(change.statement).unprepared
    else yield* replaceIn(change)
  }
})

const replaceIn = Effect.fnUntraced(function*({ from, functions = [], to }: TextChange) {
  const sql = yield* PgClient.PgClient
  for (const name of functions) {
    const [found] = yield* sql<{ text: string }>`
      SELECT pg_get_functiondef(oid) AS text FROM pg_proc
      WHERE proname = ${name} AND pronamespace = 'pgq'::regnamespace
    `
    assert.include(found!.text, from)
    // A function without settings of its own is compiled with the search path of its migration.
    yield* sql.withTransaction(Effect.andThen(
      sql`SET LOCAL search_path TO pgq, pg_temp`,
      sql.unsafe(found!.text.replaceAll(from, to)).unprepared
    ))
  }
})
