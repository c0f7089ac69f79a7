/**
 * Asks why a job waits, in a session of its own, and lets a worker run it.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Session from "../../support/Session.ts"

export const setup = Effect.gen(function*() {
  const [a, b] = [yield* Session.open, yield* Session.open]
  return { a, b, queue: crypto.randomUUID() }
})

export interface Row {
  readonly code: string
  readonly detail: string
  readonly job_id: bigint | null
  readonly advice: string | null
  readonly isUntil: boolean
}

export const why = ({ sql }: Session.Session, id: bigint) =>
  sql<Row>`
    SELECT code, detail, job_id, advice, until IS NOT NULL AS "isUntil"
    FROM pgq.why(${id}) ORDER BY place
  `

export const codes = (session: Session.Session, id: bigint) =>
  Effect.map(why(session, id), (rows) => rows.map(({ code }) => code))

/** Checks that a new worker of the queue gets this job, and nothing keeps it any more. */
export const runs = Effect.fnUntraced(function*(
  session: Session.Session,
  { id, queue }: { readonly id: bigint; readonly queue: string }
) {
  const worker = yield* session.worker(queue)
  yield* session.sql`SELECT FROM pgq.promote(100)`
  const { ids } = yield* session.claim({ queue, worker })
  assert.include(ids, id)
  assert.deepStrictEqual(yield* codes(session, id), ["running"])
})
