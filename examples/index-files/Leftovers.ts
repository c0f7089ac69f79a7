/**
 * Removes what earlier runs left: a schema of another version, and, when they were killed, the jobs
 * of queues that nobody works on.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { PgSchema } from "pgq"

/** The schema is this example's own: one that was made by another version of pgq is made anew. */
export const migrate = (schema: string) =>
  PgSchema.migrate({ schema }).pipe(
    Effect.catchIf(
      (error) => error._tag === "SchemaUnfit" && ["changed", "ahead"].includes(error.reason),
      () => makeAnew(schema)
    )
  )

const makeAnew = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  yield* sql`DROP SCHEMA ${sql(schema)} CASCADE`
  return yield* PgSchema.migrate({ schema })
})

export const remove = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  const table = (name: string) => sql(`${schema}.${name}`)
  const worked = sql`SELECT unnest(queues) FROM ${table("workers")} WHERE lease_until > now()`
  yield* sql`DELETE FROM ${table("jobs")} WHERE queue NOT IN (${worked})`
  yield* sql`DELETE FROM ${table("dirty_lanes")} WHERE queue NOT IN (${worked})`
})
