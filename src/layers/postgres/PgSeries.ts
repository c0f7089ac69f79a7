/**
 * Reads series of figures from PostgreSQL. The step behind it is in `sql/0023_figures.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import * as Figures from "../../domain/Series.ts"
import { Series } from "../../services/Series.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()

  const points = ({ by, from, name, of, queue, step, to }: Figures.Asked) =>
    sql<{ at: Date; numbers: ReadonlyArray<number>; label: string | null }>`
      SELECT at, numbers, label FROM ${sql(`${schema}.series_of`)}(
        ${of}, ${queue ?? null}::text, ${name ?? null}::text,
        ${new Date(from).toISOString()}::timestamptz, ${new Date(to).toISOString()}::timestamptz,
        ${`${step} milliseconds`}::interval, ${by ?? null}::text
      )
    `.pipe(
      Effect.map((rows) => rows.map((row) => ({ ...row, at: row.at.getTime() }))),
      withTimeout("series", limit)
    )

  return Series.of({
    series: Effect.fn("Series.series")(function*(filter) {
      const asked = yield* Effect.fromResult(Figures.asked(filter))
      return Figures.of(asked, yield* points(asked))
    })
  })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Series, never, PgClient.PgClient> => Layer.effect(Series, make(options.schema))

/** A chart that takes longer is asked for with longer steps. */
const limit = Duration.seconds(5)
