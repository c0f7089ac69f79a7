/**
 * Removes what earlier runs left when they were killed: the jobs of queues that nobody works on.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"

export const remove = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  const table = (name: string) => sql(`${schema}.${name}`)
  const worked = sql`SELECT unnest(queues) FROM ${table("workers")} WHERE lease_until > now()`
  yield* sql`DELETE FROM ${table("jobs")} WHERE queue NOT IN (${worked})`
  yield* sql`DELETE FROM ${table("lane_wakes")} WHERE queue NOT IN (${worked})`
})
