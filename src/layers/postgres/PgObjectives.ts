/**
 * Keeps objectives of queues in PostgreSQL. The step behind it is in `sql/0025_objectives.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import type { Objective, ObjectiveAnswer } from "../../domain/Objective.ts"
import { Objectives } from "../../services/Objectives.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const set: Objectives["Service"]["set"] = Effect.fn("Objectives.set")(
    function*(queue, seconds) {
      const [row] = yield* sql<{ answer: ObjectiveAnswer }>`
        SELECT ${name("set_objective")}(
          ${queue}::text, make_interval(secs => ${seconds ?? null}::float8)
        ) AS answer
      `
      return row!.answer
    },
    withTimeout("setObjective")
  )

  const all = sql<Objective>`
    SELECT name AS queue, extract(epoch FROM objective)::float8 AS seconds
    FROM ${name("queues")} ORDER BY name COLLATE "C" LIMIT 1000
  `.pipe(
    Effect.map((rows) => rows.map(({ queue, seconds }): Objective => ({ queue, seconds }))),
    withTimeout("objectives"),
    Effect.withSpan("Objectives.all")
  )

  return Objectives.of({ set, all })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Objectives, never, PgClient.PgClient> =>
  Layer.effect(Objectives, make(options.schema))
