/**
 * Pauses and resumes queues and names in PostgreSQL. The steps behind it are in
 * `sql/0017_pauses.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import * as ErrorText from "../../domain/ErrorText.ts"
import type { Pause, PauseAnswer, ResumeAnswer } from "../../domain/Pause.ts"
import { PauseControl } from "../../services/PauseControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const step = (name: string) => sql(`${schema}.${name}`)

  const pause: PauseControl["Service"]["pause"] = Effect.fn("PauseControl.pause")(
    function*({ name, queue }, { cancelsRunning = false, end, reason }) {
      const at = end !== undefined && "at" in end ? end.at.toISOString() : null
      const millis = end !== undefined && "in" in end ? end.in : null
      const why = reason === undefined ? null : ErrorText.storable(reason)
      const [row] = yield* sql<{ answer: PauseAnswer }>`
        SELECT ${step("pause")}(
          ${queue}::text, ${name ?? ""}::text, ${why}::text,
          coalesce(
            ${at}::timestamptz,
            clock_timestamp() + make_interval(secs => ${millis}::float8 / 1000)
          ),
          ${cancelsRunning}::boolean
        ) AS answer
      `
      return row!.answer
    },
    withTimeout("pause")
  )

  const resume: PauseControl["Service"]["resume"] = Effect.fn("PauseControl.resume")(
    function*({ name, queue }) {
      const [row] = yield* sql<{ answer: ResumeAnswer }>`
        SELECT ${step("resume")}(${queue}::text, ${name ?? ""}::text) AS answer
      `
      return row!.answer
    },
    withTimeout("resume")
  )

  const paused = sql<PauseRow>`
    SELECT queue, nullif(name, '') AS name, paused_at AS "pausedAt", paused_by AS "pausedBy", until,
           reason, releases_running AS "cancelsRunning"
    FROM ${step("pauses")} AS p WHERE until IS NULL OR until > clock_timestamp()
    ORDER BY p.queue, p.name
  `.pipe(
    Effect.map((rows) =>
      rows.map((row): Pause => ({
        ...row,
        name: row.name ?? undefined,
        until: row.until ?? undefined,
        reason: row.reason ?? undefined
      }))
    ),
    withTimeout("paused"),
    Effect.withSpan("PauseControl.paused")
  )

  return PauseControl.of({ pause, resume, paused })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<PauseControl, never, PgClient.PgClient> =>
  Layer.effect(PauseControl, make(options.schema))

interface PauseRow extends Omit<Pause, "name" | "until" | "reason"> {
  readonly name: string | null
  readonly until: Date | null
  readonly reason: string | null
}
