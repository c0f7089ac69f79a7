/**
 * Cancels jobs in PostgreSQL, and says how jobs ended. The steps behind it are in
 * `sql/0013_control.sql`. The other files that it takes in have the other steps.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { Cancellation, type JobOutcome } from "../../domain/Cancellation.ts"
import * as ErrorText from "../../domain/ErrorText.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as PgByHand from "./PgByHand.ts"
import * as PgCopies from "./PgCopies.ts"
import * as PgEnds from "./PgEnds.ts"
import * as PgLogs from "./PgLogs.ts"
import * as PgRetry from "./PgRetry.ts"
import * as PgRuns from "./PgRuns.ts"
import * as PgViews from "./PgViews.ts"
import * as PgWhy from "./PgWhy.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*({ notify = "listen", schema }: Options) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const step = (name: string) => sql(`${schema}.${name}`)

  const cancelPart = (ids: ReadonlyArray<bigint>, reason: string | null) =>
    sql<CancelRow>`
      SELECT outcome, has_ended_before, worker_id::text AS worker
      FROM ${step("cancel")}(${ids}::bigint[], ${reason}::text)
    `.pipe(withTimeout("cancel"))

  const cancel: JobControl["Service"]["cancel"] = Effect.fn("JobControl.cancel")(
    function*(ids, { reason } = {}) {
      const answers: Array<Cancellation> = []
      for (let start = 0; start < ids.length; start += cancelledAtOnce) {
        const some = ids.slice(start, start + cancelledAtOnce)
        for (const row of yield* cancelPart(some, storable(reason))) answers.push(answerOf(row))
      }
      return answers
    }
  )

  const cancelSome: JobControl["Service"]["cancelSome"] = Effect.fn("JobControl.cancelSome")(
    function*({ key, limit, name, queue, states }, { after, reason }) {
      const jobsMax = Math.min(limit ?? cancelledAtOnce, cancelledAtOnce)
      const [row] = yield* sql<CountsRow>`
        SELECT cancelled, stopping, held, last_id
        FROM ${step("cancel_some")}(
          ${queue ?? null}::text, ${name ?? null}::text, ${key ?? null}::text,
          ${states ?? null}::text[], ${after}::bigint, ${jobsMax}::integer,
          ${storable(reason)}::text
        )
      `
      const { cancelled, held, last_id, stopping } = row!
      return { cancelled, stopping, held, last: last_id ?? undefined }
    },
    withTimeout("cancelSome")
  )

  const outcomeOf: JobControl["Service"]["outcomeOf"] = Effect.fn("JobControl.outcomeOf")(
    function*(id) {
      const [row] = yield* sql<{ outcome: JobOutcome | "unfinished" | "unknown" }>`
        SELECT ${step("ended_as")}(${id}::bigint) AS outcome
      `
      return row!.outcome
    },
    withTimeout("outcomeOf")
  )

  return JobControl.of({
    cancel,
    cancelSome,
    outcomeOf,
    ...PgRetry.make(sql, schema),
    ...PgCopies.make(sql, schema),
    ...PgByHand.make(sql, schema),
    ...PgRuns.make(sql, schema),
    ...PgLogs.make(sql, schema),
    ...yield* PgEnds.make(sql, { schema, notify }),
    ...yield* PgViews.make(sql, schema),
    ...PgWhy.make(sql, schema)
  })
})

export const layer = (options: Options): Layer.Layer<JobControl, never, PgClient.PgClient> =>
  Layer.effect(JobControl, make(options))

interface Options {
  readonly schema: string
  /** Whether awaited results are told by LISTEN, or seen by looks alone. Defaults to "listen". */
  readonly notify?: "listen" | "poll" | undefined
}

/** The most jobs of one statement, whose locks it holds to its end. */
const cancelledAtOnce = 500

type CancelRow =
  | { readonly has_ended_before: true; readonly outcome: JobOutcome }
  | { readonly has_ended_before: false; readonly outcome: "cancelled" | "held" | "unknown" }
  | { readonly has_ended_before: false; readonly outcome: "stopping"; readonly worker: string }

interface CountsRow {
  readonly cancelled: number
  readonly stopping: number
  readonly held: number
  readonly last_id: bigint | null
}

const answerOf = (row: CancelRow): Cancellation => {
  if (row.has_ended_before) return Cancellation.Finished({ outcome: row.outcome })
  switch (row.outcome) {
    case "cancelled":
      return Cancellation.Cancelled()
    case "stopping":
      return Cancellation.Stopping({ worker: row.worker })
    case "held":
      return Cancellation.Held()
    case "unknown":
      return Cancellation.Unknown()
  }
}

const storable = (reason: string | undefined): string | null =>
  reason === undefined ? null : ErrorText.storable(reason)
