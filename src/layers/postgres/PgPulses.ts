/**
 * Appends the pulses of workers to a table of PostgreSQL. `sql/0023_figures.sql` adds them up.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { Pulses } from "../../services/Pulses.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()

  const add: Pulses["Service"]["add"] = Effect.fn("Pulses.add")(
    (worker, pulses) =>
      Effect.asVoid(sql`
        INSERT INTO ${sql(`${schema}.pulses`)} (worker_id, queue, name, counts, wait, run)
        SELECT ${worker}::uuid, queue, name, counts::integer[], wait::integer[], run::integer[]
        FROM unnest(
          ${pulses.map(({ queue }) => queue)}::text[], ${pulses.map(({ name }) => name)}::text[],
          ${pulses.map(({ counts }) => textOf(counts))}::text[],
          ${pulses.map(({ wait }) => textOf(wait))}::text[],
          ${pulses.map(({ run }) => textOf(run))}::text[]
        ) AS pulse(queue, name, counts, wait, run)
      `),
    withTimeout("pulse")
  )

  return Pulses.of({ add })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Pulses, never, PgClient.PgClient> => Layer.effect(Pulses, make(options.schema))

/** An array as text, because a list of lists of the driver's is one array of two dimensions. */
const textOf = (numbers: ReadonlyArray<number>): string => `{${numbers.join(",")}}`
