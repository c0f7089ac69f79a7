/**
 * Figures of some minutes, as workers and maintenance leave them.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"

export interface Minute {
  /** When it began. */
  readonly at: Date
  readonly completed: number
  readonly failed: number
  readonly ready: number
}

/** A quiet minute, a busy one and a slow one, of which the last began three minutes ago. */
export const add = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const [clock] = yield* sql<{ at: Date }>`
    SELECT date_trunc('minute', now()) - interval '3 minutes' AS at
  `
  const last = clock!.at.getTime()
  const minutes: ReadonlyArray<Minute> = [
    { at: new Date(last - 120_000), completed: 30, failed: 0, ready: 12 },
    { at: new Date(last - 60_000), completed: 1234, failed: 7, ready: 0 },
    { at: new Date(last), completed: 60, failed: 1, ready: 2345 }
  ]
  for (const { at, completed, failed, ready } of minutes) {
    yield* sql`
      INSERT INTO pgq.minutes VALUES (
        ${at.toISOString()}::timestamptz, ${queue}, 'greet',
        ARRAY[${completed}::integer, ${failed}::integer, 0, 0, 0, 0, 0, 0, 0],
        ('{0,0,0,' || ${completed}::text || repeat(',0', 14) || '}')::integer[],
        ('{' || repeat('0,', 9) || ${completed}::text || repeat(',0', 8) || '}')::integer[]
      )
    `
    yield* sql`
      INSERT INTO pgq.samples
      VALUES (${at.toISOString()}::timestamptz, ${queue}, ${ready}::integer, 0, 1, 0, 0, 0.5)
    `
  }
  return minutes
})
