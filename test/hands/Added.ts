/**
 * Checks of the jobs that a statement by hand has added: their states, their wake-up, and their
 * order.
 */
import type { PgConnection } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { Effect, Queue } from "effect"
import type { SqlError } from "effect/sql"
import type * as Session from "../support/Session.ts"
import type { Scene } from "./States.ts"

/** The added jobs: their name, and their priorities, which are above those of the other jobs. */
export const jobs = { name: "added", now: 7, later: 8, runAt: "2999-01-01 00:00:00+00" } as const

export type Wakes = Queue.Dequeue<PgConnection.Notification, SqlError.SqlError>

/** Marks the worker as asleep. Producers wake only workers that are asleep. */
export const fallAsleep = ({ sql }: Session.Session, { worker }: Scene) =>
  sql`UPDATE pgq.workers SET asleep = true WHERE id = ${worker}`

/** Checks the added jobs and the wake-up. Answers the state of the job that is not for later. */
export const check = Effect.fnUntraced(function*(
  { sql }: Session.Session,
  wakes: Wakes,
  { key, queue }: Scene
) {
  const rows = yield* sql`
    SELECT serialization_key AS key, priority, state,
           to_char(run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00') AS "runAt"
    FROM pgq.job_states WHERE queue = ${queue} AND name = ${jobs.name} ORDER BY priority
  `
  const state = key === null ? "ready" : "waiting"
  assert.deepStrictEqual(rows, [
    { key, priority: jobs.now, state, runAt: null },
    { key, priority: jobs.later, state: "scheduled", runAt: jobs.runAt }
  ])
  yield* Queue.take(wakes).pipe(
    Effect.repeat({ until: ({ payload }) => payload === `jobs:${queue}` }),
    Effect.timeout("10 seconds")
  )
  return ` + ${state}`
})

/** Checks that the added job was claimed before the job behind, because it is more urgent. */
export const checkOrder = Effect.fnUntraced(function*(
  { sql }: Session.Session,
  { behind, queue }: Scene
) {
  const rows = yield* sql`
    SELECT FROM pgq.finished_jobs AS new JOIN pgq.finished_jobs AS old
      ON old.id = ${behind} AND new.claimed_at < old.claimed_at
    WHERE new.queue = ${queue} AND new.name = ${jobs.name} AND new.priority = ${jobs.now}
  `
  assert.lengthOf(rows, 1)
})
