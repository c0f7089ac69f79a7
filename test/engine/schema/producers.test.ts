/**
 * The role of producers offers unique jobs, and sees no payload.
 *
 * Tests `src/layers/postgres/PgRoles.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { storeError } from "../../../src/layers/postgres/PgError.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Roles from "../../support/Roles.ts"
import { options } from "../Live.ts"

layer(Postgres.layer, options)("a role", (it) => {
  it.effect("of a producer offers unique jobs in each way, and sees no payload", () =>
    Effect.gen(function*() {
      const { as, schema } = yield* Roles.make
      const sql = yield* as("producer")
      const jobs = sql(`${schema}.jobs`)
      const offer = (mode: string) =>
        sql<{ outcome: string }>`
          SELECT outcome FROM ${sql(`${schema}.offer`)}('task', '1', 'u', ${mode}, '1 hour')
        `
      const outcomes: Array<string> = []
      for (const mode of ["keep", "keep", "replace", "reject", "trail"]) {
        outcomes.push(...(yield* offer(mode)).map(({ outcome }) => outcome))
      }
      const inserted = yield* sql`
        INSERT INTO ${jobs} (name, unique_key) VALUES ('task', 'u')
        ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id
      `
      const seen = yield* Effect.flip(sql`SELECT payload FROM ${jobs}`)

      assert.deepStrictEqual(outcomes, ["added", "kept", "replaced", "rejected", "replaced"])
      assert.deepStrictEqual([inserted, storeError("")(seen).code], [[], "42501"])
    }))
})
