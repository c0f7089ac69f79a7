/**
 * Plans, runs and undoes operations in a session that the test controls.
 */
import { Effect } from "effect"
import type * as Session from "../support/Session.ts"

export const plan = Effect.fnUntraced(function*(
  { sql }: Session.Session,
  action: string,
  ids: ReadonlyArray<bigint>,
  change?: string
) {
  const id = crypto.randomUUID()
  yield* sql`
    SELECT pgq.plan_operation(
      ${id}::uuid, ${action}::text, ${ids}::bigint[], ${change ?? null}::text::jsonb, NULL, 'ada'
    )
  `
  return id
})

export const steer = ({ sql }: Session.Session, id: string, wish: string) =>
  Effect.map(
    sql<{ state: string | null }>`SELECT pgq.steer_operation(${id}::uuid, ${wish}) AS state`,
    ([row]) => row!.state
  )

/** Takes some steps of a running operation, and answers with their number. */
export const chunk = ({ sql }: Session.Session, id: string, size = 200) =>
  Effect.map(
    sql<{ n: number }>`SELECT pgq.run_operation(${id}::uuid, ${size}::integer) AS n`,
    ([row]) => row!.n
  )

export const undoChunk = ({ sql }: Session.Session, id: string) =>
  Effect.map(
    sql<{ n: number }>`SELECT pgq.undo_operation(${id}::uuid, 200) AS n`,
    ([row]) => row!.n
  )

/** Runs an operation to its end. Answers with the results in the order of the ids. */
export const run = Effect.fnUntraced(function*(session: Session.Session, id: string) {
  yield* steer(session, id, "run")
  while ((yield* chunk(session, id)) > 0);
  return yield* results(session, id)
})

/** Undoes an operation. Answers with what became of each step, in the order of the ids. */
export const undo = Effect.fnUntraced(function*(session: Session.Session, id: string) {
  yield* steer(session, id, "undo")
  while ((yield* undoChunk(session, id)) > 0);
  const rows = yield* session.sql<{ undone: string | null }>`
    SELECT undone FROM pgq.operation_items WHERE operation_id = ${id}::uuid ORDER BY job_id
  `
  return rows.map(({ undone }) => undone)
})

export const results = ({ sql }: Session.Session, id: string) =>
  Effect.map(
    sql<{ result: string | null }>`
      SELECT result FROM pgq.operation_items WHERE operation_id = ${id}::uuid ORDER BY job_id
    `,
    (rows) => rows.map(({ result }) => result)
  )

export const state = ({ sql }: Session.Session, id: string) =>
  Effect.map(
    sql<{ state: string }>`SELECT state FROM pgq.operations WHERE id = ${id}::uuid`,
    ([row]) => row!.state
  )

/** All rows of a queue as text, byte for byte, but for the state, which the lane decides. */
export const rows = ({ sql }: Session.Session, queue: string) =>
  Effect.map(
    sql<{ row: string }>`
      SELECT (to_jsonb(j) - 'state')::text || payload::text AS row
      FROM pgq.jobs AS j WHERE queue = ${queue} ORDER BY id
    `,
    (found) => found.map(({ row }) => row)
  )

/** Claims and completes one job after the other, and answers with their ids. */
export const drain = Effect.fnUntraced(
  function*(session: Session.Session, queue: string, worker: string) {
    const order: Array<bigint> = []
    while (true) {
      const { ids, lease } = yield* session.claim({ queue, worker, limit: 1 })
      if (ids.length === 0) return order
      yield* session.complete(lease, ids)
      order.push(...ids)
    }
  }
)
