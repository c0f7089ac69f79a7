/**
 * Watches jobs in PostgreSQL. The look is `states_of` in `sql/0019_progress.sql`.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as JobView from "../../domain/JobView.ts"
import type { JobControl } from "../../services/JobControl.ts"
import * as Waiters from "../../services/Waiters.ts"
import { refuseInTransaction } from "./PgEnds.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Steps = Pick<JobControl["Service"], "seen">

export const make = Effect.fnUntraced(function*(sql: PgClient.PgClient, schema: string) {
  const look: Waiters.Look<JobView.SeenJob> = Effect.fn("JobControl.seen")(
    function*({ fresh, old }) {
      const rows = yield* sql<StateRow>`
        SELECT id, name, state, fraction, data, reported_at, queue, key
        FROM ${sql(`${schema}.states_of`)}(${[...fresh, ...old]}::bigint[])
      `
      return new Map(rows.map((row) => [row.id, seenOf(row)]))
    },
    withTimeout("seen")
  )
  const { waitFor } = yield* Waiters.make(look)

  const seen: Steps["seen"] = Effect.fnUntraced(function*(id, last) {
    yield* refuseInTransaction(sql)
    return yield* waitFor(id, {
      isMeant: (now) => last === undefined || JobView.differs(now, last),
      isLate: last !== undefined
    })
  })

  return { seen }
})

interface StateRow {
  readonly id: bigint
  readonly name: string | null
  readonly state: JobView.SeenJob["state"]
  readonly fraction: number | null
  readonly data: unknown
  readonly reported_at: Date | null
  readonly queue: string | null
  readonly key: string | null
}

const seenOf = (
  { data, fraction, key, name, queue, reported_at, state }: StateRow
): JobView.SeenJob => ({
  name: name ?? undefined,
  lane: queue === null ? undefined : { queue, key: key ?? undefined },
  state,
  progress: fraction === null || reported_at === null
    ? undefined
    : { fraction, data, at: reported_at }
})
