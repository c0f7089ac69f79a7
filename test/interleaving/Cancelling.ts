/**
 * Cancels jobs in a session that the test controls, and looks at what became of them.
 */
import { Effect } from "effect"
import * as Session from "../support/Session.ts"

export const setup = Effect.gen(function*() {
  const [a, b, c] = [yield* Session.open, yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  return { a, b, c, queue, key: "k", worker: yield* a.worker(queue) }
})

export interface Answer {
  readonly outcome: string
  readonly has_ended_before: boolean
  readonly worker: string | null
}

export const cancel = (
  { sql }: Session.Session,
  ids: ReadonlyArray<bigint>,
  reason = "not wanted"
) =>
  sql<Answer>`
    SELECT outcome, has_ended_before, worker_id::text AS worker
    FROM pgq.cancel(${ids}::bigint[], ${reason}::text)
  `

export const outcomes = (answers: ReadonlyArray<Answer>) => answers.map(({ outcome }) => outcome)

export const endedAs = ({ sql }: Session.Session, id: bigint) =>
  Effect.map(
    sql<{ outcome: string }>`SELECT pgq.ended_as(${id}) AS outcome`,
    ([row]) => row!.outcome
  )

/** The row of a finished job. */
export const history = ({ sql }: Session.Session, id: bigint) =>
  Effect.map(
    sql<{ outcome: string; error: string | null; attempt: number; leased: boolean }>`
      SELECT outcome, error, attempt, lease_id IS NOT NULL AND claimed_at IS NOT NULL AS leased
      FROM pgq.finished_jobs WHERE id = ${id}
    `,
    ([row]) => row
  )

export const requests = ({ sql }: Session.Session, worker: string) =>
  Effect.map(
    sql<{ n: number }>`
      SELECT count(*)::integer AS n FROM pgq.cancel_requests WHERE worker_id = ${worker}::uuid
    `,
    ([row]) => row!.n
  )

export const retried = (lease: string, id: bigint) => ({
  lease,
  id: String(id),
  outcome: "retried",
  delay: 0,
  holds: true,
  error: "as it happens"
})
