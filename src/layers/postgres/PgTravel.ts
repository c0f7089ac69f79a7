/**
 * Lets jobs in PostgreSQL come due and expire earlier, and frees unique keys earlier, as if time
 * had passed for them alone.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import { lossAsFailure } from "./PgError.ts"
import { withTimeout } from "./QueryTimeout.ts"

export const make = (client: PgClient.PgClient, schema: string) => {
  const sql = client.withoutTransforms()
  const setStep = (step: string) => sql`SELECT set_config('pgq.step', ${step}, true)`
  return (by: Duration.Duration): Effect.Effect<void, StoreError> =>
    Effect.gen(function*() {
      const time = `${Duration.toMillis(by)} milliseconds`
      const [before] = yield* sql<{ step: string }>`
        SELECT coalesce(current_setting('pgq.step', true), '') AS step
      `
      // As a step of pgq: a change by hand would make the jobs ready at once, at the place of their
      // ids, and not as those that come due.
      yield* setStep("0")
      yield* sql`
        UPDATE ${sql(`${schema}.jobs`)}
        SET run_at = run_at - ${time}::interval
        WHERE state IN ('scheduled', 'retry') AND run_at < 'infinity'
      `
      yield* sql`
        UPDATE ${sql(`${schema}.jobs`)} SET expires_at = expires_at - ${time}::interval
        WHERE expires_at < 'infinity'
      `
      yield* sql`UPDATE ${sql(`${schema}.expiries`)} SET at = at - ${time}::interval`
      // The time at which a debounced job starts at the latest counts from here.
      yield* sql`
        UPDATE ${sql(`${schema}.jobs`)} SET created_at = created_at - ${time}::interval
        WHERE unique_key IS NOT NULL
      `
      yield* sql`UPDATE ${sql(`${schema}.holds`)} SET until = until - ${time}::interval`
      yield* setStep(before!.step)
    }).pipe(
      sql.withTransaction,
      lossAsFailure,
      withTimeout("travel")
    )
}
