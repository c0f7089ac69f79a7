/**
 * Keeps the reports of runs in PostgreSQL. The step behind it is in `sql/0019_progress.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import type { RunReport } from "../../domain/RunReport.ts"
import { RunReports } from "../../services/RunReports.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()

  const keep: RunReports["Service"]["keep"] = Effect.fn("RunReports.keep")(
    function*(reports) {
      const rows = yield* sql<{ lease: string; id: bigint }>`
        SELECT lease::text, id
        FROM ${sql(`${schema}.report`)}(${`[${reports.map(textOf).join(",")}]`}::jsonb)
      `
      const kept = new Set(rows.map(nameOf))
      return reports.filter((report) => !kept.has(nameOf(report)))
    },
    withTimeout("report")
  )

  return RunReports.of({ keep })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<RunReports, never, PgClient.PgClient> =>
  Layer.effect(RunReports, make(options.schema))

const nameOf = ({ id, lease }: { readonly id: bigint; readonly lease: string }): string =>
  `${lease} ${id}`

/** An object of the list that `report` takes. The data is JSON text already. */
const textOf = ({ attempt, id, lease, lines, progress }: RunReport): string => {
  const aged = lines.map(({ age, ...line }) => ({ ...line, age: age / 1000 }))
  const fields = JSON.stringify({
    lease,
    id: String(id),
    attempt,
    fraction: progress?.fraction,
    lines: aged.length === 0 ? undefined : aged
  })
  return progress?.data === undefined ? fields : `${fields.slice(0, -1)},"data":${progress.data}}`
}
