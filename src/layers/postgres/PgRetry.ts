/**
 * Queues finished jobs of PostgreSQL again, and lets waiting ones start. The steps behind it are in
 * `sql/0014_by_operators.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Array as Arr, Effect } from "effect"
import { RetryAnswer } from "../../domain/ByHand.ts"
import type { JobControl } from "../../services/JobControl.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "retry" | "retrySome">

export const make = (sql: PgClient.PgClient, schema: string): Steps => {
  const step = (name: string) => sql(`${schema}.${name}`)

  const retry: Steps["retry"] = Effect.fn("JobControl.retry")(function*(ids) {
    const answers: Array<RetryAnswer> = []
    for (const some of Arr.chunksOf(ids, changedAtOnce)) {
      const rows = yield* sql<RetryRow>`
        SELECT outcome, holder FROM ${step("retry")}(${some}::bigint[])
      `.pipe(withTimeout("retry"))
      for (const row of rows) answers.push(retryAnswer(row))
    }
    return answers
  })

  const retrySome: Steps["retrySome"] = Effect.fn("JobControl.retrySome")(
    function*({ errorLike, name, outcome, queue, since }, { after, edit, limit, spread }) {
      const jobsMax = Math.min(limit ?? changedAtOnce, changedAtOnce)
      const [row] = yield* sql<CountsRow>`
        SELECT redriven, conflicts, held, last_id, next_at
        FROM ${step("retry_failed")}(
          ${queue ?? null}::text, ${name ?? null}::text, ${outcome ?? null}::text,
          ${since?.toISOString() ?? null}::timestamptz, ${errorLike ?? null}::text,
          ${after}::bigint, ${jobsMax}::integer, ${spread?.perSecond ?? null}::double precision,
          ${spread?.from?.toISOString() ?? null}::timestamptz,
          ${edit?.priority ?? null}::integer, ${edit?.maxAttempts ?? null}::integer
        )
      `
      const { conflicts, held, last_id, next_at, redriven } = row!
      const counts = { redriven, conflicts, held, last: last_id ?? undefined }
      return next_at === null ? counts : { ...counts, next: next_at }
    },
    withTimeout("retrySome")
  )

  return { retry, retrySome }
}

/** The most jobs of one statement, whose locks it holds to its end. */
const changedAtOnce = 500

interface CountsRow {
  readonly redriven: number
  readonly conflicts: number
  readonly held: number
  readonly last_id: bigint | null
  readonly next_at: Date | null
}

interface RetryRow {
  readonly outcome: keyof typeof retryAnswers | "conflict"
  /** The job that has the unique key, where there is a conflict. */
  readonly holder: bigint | null
}

const retryAnswer = ({ holder, outcome }: RetryRow): RetryAnswer =>
  outcome === "conflict"
    ? RetryAnswer.Conflict({ holder: holder ?? undefined })
    : retryAnswers[outcome]

const retryAnswers = {
  redriven: RetryAnswer.Redriven(),
  retried: RetryAnswer.Retried(),
  queued: RetryAnswer.Queued(),
  paused: RetryAnswer.Paused(),
  running: RetryAnswer.Running(),
  completed: RetryAnswer.Completed(),
  held: RetryAnswer.Held(),
  unknown: RetryAnswer.Unknown()
}
