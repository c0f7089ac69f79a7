/**
 * Discards and edits jobs in PostgreSQL. The steps behind it are in
 * `sql/0014_by_operators.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Array as Arr, Effect } from "effect"
import {
  DiscardAnswer,
  EditAnswer,
  type FoundJob,
  type JobChange,
  type Start
} from "../../domain/ByHand.ts"
import type { JobOutcome } from "../../domain/Cancellation.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "discard" | "edit" | "find">

export const make = (sql: PgClient.PgClient, schema: string): Steps => {
  const step = (name: string) => sql(`${schema}.${name}`)

  const discard: Steps["discard"] = Effect.fn("JobControl.discard")(function*(ids) {
    const answers: Array<DiscardAnswer> = []
    for (const some of Arr.chunksOf(ids, changedAtOnce)) {
      const rows = yield* sql<DiscardRow>`
        SELECT outcome, has_ended_before FROM ${step("discard")}(${some}::bigint[])
      `.pipe(withTimeout("discard"))
      for (const row of rows) answers.push(discardAnswer(row))
    }
    return answers
  })

  const runAt = (start: Start | undefined) =>
    start === undefined
      ? sql`NULL::timestamptz`
      : "at" in start
      ? sql`${start.at.toISOString()}::timestamptz`
      : start.in === 0
      ? sql`'-infinity'::timestamptz`
      : sql`clock_timestamp() + ${start.in}::float8 * interval '1 millisecond'`

  /** A time to expire in counts from the time at which the job may start, if that is later. */
  const expiresAt = (id: bigint, { expiry, start }: JobChange) =>
    expiry === undefined
      ? sql`NULL::timestamptz`
      : "at" in expiry
      ? sql`${expiry.at.toISOString()}::timestamptz`
      : sql`(
          SELECT greatest(
                   coalesce(${runAt(start)}, CASE WHEN run_at < 'infinity' THEN run_at END),
                   clock_timestamp()
                 ) + ${expiry.in}::float8 * interval '1 millisecond'
          FROM ${sql(`${schema}.jobs`)} WHERE id = ${id}::bigint
        )`

  const edit: Steps["edit"] = Effect.fn("JobControl.edit")(
    function*(id, change) {
      const { expected, maxAttempts, payload, priority, start } = change
      const [row] = yield* sql<{ outcome: EditOutcome }>`
        SELECT ${step("edit")}(
          ${id}::bigint, ${priority ?? null}::integer, ${runAt(start)},
          ${payload ?? null}::text::jsonb, ${maxAttempts ?? null}::integer,
          ${expected ?? null}::text::jsonb, ${expiresAt(id, change)}
        ) AS outcome
      `
      return editAnswer(row!.outcome)
    },
    withTimeout("edit")
  )

  const find: Steps["find"] = Effect.fn("JobControl.find")(
    function*(id) {
      const [job] = yield* sql<FoundJob>`
        SELECT name, payload::text AS payload FROM ${sql(`${schema}.jobs`)} WHERE id = ${id}::bigint
      `
      return job
    },
    withTimeout("find")
  )

  return { discard, edit, find }
}

/** The most jobs of one statement, whose locks it holds to its end. */
const changedAtOnce = 500

type DiscardRow =
  | { readonly has_ended_before: true; readonly outcome: JobOutcome }
  | {
    readonly has_ended_before: false
    readonly outcome: "discarded" | "running" | "held" | "unknown"
  }

const discardAnswer = (row: DiscardRow): DiscardAnswer => {
  if (row.has_ended_before) return DiscardAnswer.Finished({ outcome: row.outcome })
  switch (row.outcome) {
    case "discarded":
      return DiscardAnswer.Discarded()
    case "running":
      return DiscardAnswer.Running()
    case "held":
      return DiscardAnswer.Held()
    case "unknown":
      return DiscardAnswer.Unknown()
  }
}

type EditOutcome = JobOutcome | "edited" | "running" | "held" | "changed" | "unknown"

const editAnswer = (outcome: EditOutcome): EditAnswer => {
  switch (outcome) {
    case "edited":
      return EditAnswer.Edited()
    case "running":
      return EditAnswer.Running()
    case "held":
      return EditAnswer.Held()
    case "changed":
      return EditAnswer.Changed()
    case "unknown":
      return EditAnswer.Unknown()
    default:
      return EditAnswer.Finished({ outcome })
  }
}
