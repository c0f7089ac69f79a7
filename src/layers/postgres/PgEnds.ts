/**
 * Waits in PostgreSQL for the ends of jobs. The look is `ends_of` in `sql/0013_control.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Option } from "effect"
import { AwaitInTransaction, JobEnd } from "../../domain/JobEnd.ts"
import type { JobControl } from "../../services/JobControl.ts"
import * as Waiters from "../../services/Waiters.ts"
import * as PgEndHints from "./PgEndHints.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "ended">

export const make = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  { notify, schema }: { readonly schema: string; readonly notify: "listen" | "poll" }
) {
  const look: Waiters.Look<JobEnd> = Effect.fn("JobControl.ended")(
    function*({ again, fresh, old }) {
      // The rows come first. An end that comes before a row is seen by this look.
      if (again.length > 0) yield* want(again)
      const rows = yield* sql<EndRow>`
        SELECT id, name, outcome, has_result, value, error, failure, queue, key
        FROM ${sql(`${schema}.ends_of`)}(${old}::bigint[], ${fresh}::bigint[])
      `
      return new Map(rows.map((row) => [row.id, endOf(row)]))
    },
    withTimeout("ended")
  )
  const { hasWaiters, hint, waitFor } = yield* Waiters.make(look)
  const { want } = notify === "poll"
    ? { want: () => Effect.void }
    : yield* PgEndHints.make(sql, { schema, hasWaiters, hint })

  const ended: Steps["ended"] = Effect.fnUntraced(function*(id, wanted = {}) {
    yield* refuseInTransaction(sql)
    return yield* waitFor(id, Waiters.endOf(id, wanted))
  })

  return { ended }
})

/** A job of the open transaction is seen by nobody else, so nobody could end it. */
export const refuseInTransaction = (
  sql: PgClient.PgClient
): Effect.Effect<void, AwaitInTransaction> =>
  Effect.flatMap(
    Effect.serviceOption(sql.transactionService),
    (transaction) => Option.isSome(transaction) ? new AwaitInTransaction() : Effect.void
  )

interface EndRow {
  readonly id: bigint
  readonly name: string
  readonly outcome:
    | "unfinished"
    | "unknown"
    | "completed"
    | "failed"
    | "crashed"
    | "expired"
    | "discarded"
    | "cancelled"
  readonly has_result: boolean
  readonly value: unknown
  readonly error: string | null
  readonly failure: unknown
  readonly queue: string | null
  readonly key: string | null
}

const endOf = (row: EndRow): JobEnd => {
  const { error, failure, has_result, key, name, outcome, queue, value } = row
  switch (outcome) {
    case "unfinished":
      return JobEnd.Other({ name, queue: queue!, key: key ?? undefined })
    case "unknown":
      return JobEnd.Unknown()
    case "completed":
      if (!has_result) return JobEnd.Gone({ name })
      return error === null
        ? JobEnd.Completed({ name, value })
        : JobEnd.Invalid({ name, issue: error })
    case "cancelled":
      return JobEnd.Cancelled({ name, reason: error ?? outcome })
    default:
      return JobEnd.Failed({
        name,
        outcome,
        error: error ?? outcome,
        failure: failure ?? undefined
      })
  }
}
