/**
 * Retries, discards and edits jobs in a session that the test controls, and looks at the history.
 */
import { Effect } from "effect"
import type * as Session from "../support/Session.ts"

export const retry = ({ sql }: Session.Session, ids: ReadonlyArray<bigint>) =>
  Effect.map(
    sql<{ outcome: string }>`SELECT outcome FROM pgq.retry(${ids}::bigint[])`,
    (rows) => rows.map(({ outcome }) => outcome)
  )

/** Retries a job, and answers with the job that has its unique key. */
export const retryBeside = ({ sql }: Session.Session, id: bigint) =>
  Effect.map(
    sql<{ outcome: string; holder: bigint | null }>`
      SELECT outcome, holder FROM pgq.retry(ARRAY[${id}::bigint])
    `,
    ([row]) => row!
  )

/** Adds jobs anew after finished ones. */
export const copy = ({ sql }: Session.Session, ids: ReadonlyArray<bigint>) =>
  sql<{ outcome: string; new_id: bigint | null }>`
    SELECT outcome, new_id FROM pgq.retry_as_new(${ids}::bigint[])
  `

export const discard = ({ sql }: Session.Session, ids: ReadonlyArray<bigint>) =>
  Effect.map(
    sql<{ outcome: string }>`SELECT outcome FROM pgq.discard(${ids}::bigint[])`,
    (rows) => rows.map(({ outcome }) => outcome)
  )

export interface Change {
  readonly priority?: number
  readonly runAt?: string
  readonly payload?: string
  readonly expected?: string
  readonly expiresAt?: string
}

export const edit = (
  { sql }: Session.Session,
  id: bigint,
  { expected, expiresAt, payload, priority, runAt }: Change
) =>
  Effect.map(
    sql<{ outcome: string }>`
      SELECT pgq.edit(
        ${id}, priority => ${priority ?? null}, run_at => ${runAt ?? null}::timestamptz,
        payload => ${payload ?? null}::text::jsonb, expected => ${expected ?? null}::text::jsonb,
        expires_at => ${expiresAt ?? null}::timestamptz
      ) AS outcome
    `,
    ([row]) => row!.outcome
  )

/** Claims a job and lets it fail for good. */
export const fail = Effect.fnUntraced(
  function*(session: Session.Session, queue: string, worker: string) {
    const { ids, lease } = yield* session.claim({ queue, worker })
    for (const id of ids) {
      yield* session.settleOther({ lease, id: String(id), outcome: "failed", error: "no" })
    }
    return ids
  }
)

/** The rows of history of a job, the oldest first. */
export const lives = ({ sql }: Session.Session, id: bigint) =>
  sql<{ outcome: string; is_redriven: boolean }>`
    SELECT outcome, redriven_at IS NOT NULL AS is_redriven FROM pgq.finished_jobs
    WHERE id = ${id} ORDER BY finished_at
  `
