/**
 * Asks PostgreSQL for open transactions that add jobs without a wake-up.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Notifier } from "../../services/Notifier.ts"
import { withTimeout } from "./QueryTimeout.ts"

export const make = (
  client: PgClient.PgClient,
  schema: string
): Notifier["Service"]["mayHaveMissed"] => {
  const sql = client.withoutTransforms()
  return Effect.fn("Notifier.mayHaveMissed")(
    function*(queues) {
      const rows = yield* sql<{ found: boolean }>`
        SELECT ${sql(`${schema}.has_unannounced`)}(${queues}::text[]) AS found
      `
      return rows[0]?.found === true
    },
    withTimeout("mayHaveMissed")
  )
}
