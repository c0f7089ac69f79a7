/**
 * What comes of jobs that a statement by hand has added: where they stand, whom they wake, when
 * they run.
 */
import type { PgConnection } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { Effect, Queue } from "effect"
import type { SqlError } from "effect/sql"
import type * as Session from "../support/Session.ts"
import type { Scene } from "./States.ts"

/** What they are called, and their priorities: before all others. */
export const jobs = { name: "added", now: 7, later: 8, runAt: "2999-01-01 00:00:00+00" } as const

export type Wakes = Queue.Dequeue<PgConnection.Notification, SqlError.SqlError>

/** Only who sleeps is woken. */
export const fallAsleep = ({ sql }: Session.Session, { worker }: Scene) =>
  sql`UPDATE pgq.workers SET asleep = true WHERE id = ${worker}`

/** Checks what is there and that the worker was told; answers with the state of the one at once. */
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

/** It is more urgent than the job behind. */
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
