/**
 * Adds jobs anew after finished ones of PostgreSQL. The steps behind it are in
 * `sql/0022_copies.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Array as Arr, Effect } from "effect"
import { CopyAnswer, type JobPattern } from "../../domain/ByHand.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "copy" | "like">

export const make = (sql: PgClient.PgClient, schema: string): Steps => {
  const step = (name: string) => sql(`${schema}.${name}`)

  const copy: Steps["copy"] = Effect.fn("JobControl.copy")(function*(ids) {
    const answers: Array<CopyAnswer> = []
    for (const some of Arr.chunksOf(ids, copiedAtOnce)) {
      const rows = yield* sql<CopyRow>`
        SELECT outcome, new_id, holder FROM ${step("retry_as_new")}(${some}::bigint[])
      `.pipe(withTimeout("copy"))
      for (const row of rows) answers.push(copyAnswer(row))
    }
    return answers
  })

  const like: Steps["like"] = Effect.fn("JobControl.like")(
    function*(id) {
      const [job] = yield* sql<PatternRow>`
        SELECT queue, name, payload::text AS payload, key, priority,
               max_attempts AS "maxAttempts"
        FROM ${step("job_like")}(${id}::bigint)
      `
      return job && { ...job, key: job.key ?? undefined, maxAttempts: job.maxAttempts ?? undefined }
    },
    withTimeout("like")
  )

  return { copy, like }
}

/** The most jobs of one statement that takes their payloads into memory, a megabyte each. */
const copiedAtOnce = 100

type CopyRow =
  | { readonly outcome: "copied"; readonly new_id: bigint }
  | { readonly outcome: "conflict"; readonly holder: bigint | null }
  | { readonly outcome: keyof typeof copyAnswers }

const copyAnswer = (row: CopyRow): CopyAnswer => {
  switch (row.outcome) {
    case "copied":
      return CopyAnswer.Copied({ newId: row.new_id })
    case "conflict":
      return CopyAnswer.Conflict({ holder: row.holder ?? undefined })
    default:
      return copyAnswers[row.outcome]
  }
}

const copyAnswers = {
  unfinished: CopyAnswer.Unfinished(),
  held: CopyAnswer.Held(),
  unknown: CopyAnswer.Unknown()
}

interface PatternRow extends Omit<JobPattern, "key" | "maxAttempts"> {
  readonly key: string | null
  readonly maxAttempts: number | null
}
