/**
 * The unfinished jobs of a schema in PostgreSQL, by the database's clock.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import type { LaneState } from "../../domain/LaneJob.ts"
import { QueuedJobs } from "../../services/QueuedJobs.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const jobs = sql(`${schema}.jobs`)

  const behind: QueuedJobs["Service"]["behind"] = Effect.fn("QueuedJobs.behind")(
    function*(id) {
      const rows = yield* sql<Row>`
        SELECT id, queue, name, payload::text AS payload, serialization_key AS key, priority, place,
               failures, max_attempts, crash_count, unhandled_count, snooze_count,
               CASE
                 WHEN state = 'scheduled' THEN 'delayed'
                 WHEN state = 'retry' THEN 'delayedHoldingLane'
                 WHEN id IN (SELECT unnest(job_ids) FROM ${sql(`${schema}.leases`)}) THEN 'leased'
                 ELSE 'open'
               END AS lane_state,
               CASE WHEN run_at < 'infinity'
                 THEN 1000 * extract(epoch FROM run_at - clock_timestamp())::float8
               END AS due_in,
               run_at = 'infinity' AS is_blocked
        FROM ${jobs} WHERE id > ${id} ORDER BY id
      `
      return { now: 0, jobs: rows.map(queued) }
    },
    withTimeout("queued jobs")
  )

  const lastId = sql<{ id: bigint }>`SELECT coalesce(max(id), 0) AS id FROM ${jobs}`.pipe(
    Effect.map(([row]) => BigInt(row!.id)),
    withTimeout("queued jobs")
  )

  const queues = sql<{ queue: string }>`
    SELECT DISTINCT queue FROM ${jobs} WHERE state IN ('ready', 'waiting')
  `.pipe(
    Effect.map((rows) => rows.map(({ queue }) => queue)),
    withTimeout("queued jobs")
  )

  return QueuedJobs.of({ behind, lastId, queues })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<QueuedJobs, never, PgClient.PgClient> =>
  Layer.effect(QueuedJobs, make(options.schema))

interface Row {
  readonly id: bigint
  readonly queue: string
  readonly name: string
  readonly payload: string
  readonly key: string | null
  readonly priority: number
  readonly place: bigint | null
  readonly failures: number
  readonly max_attempts: number | null
  readonly crash_count: number
  readonly unhandled_count: number
  readonly snooze_count: number | null
  readonly lane_state: LaneState
  readonly due_in: number | null
  readonly is_blocked: boolean | null
}

// The times are relative to the time of the snapshot, which is 0.
const queued = (row: Row) => ({
  id: BigInt(row.id),
  queue: row.queue,
  name: row.name,
  payload: row.payload,
  key: row.key ?? undefined,
  priority: row.priority,
  place: row.place === null ? undefined : BigInt(row.place),
  failures: row.failures,
  maxAttempts: row.max_attempts ?? undefined,
  crashes: row.crash_count,
  unhandledCount: row.unhandled_count,
  snoozeCount: row.snooze_count ?? 0,
  laneState: row.lane_state,
  dueAt: row.is_blocked === true ? Infinity : row.due_in ?? 0
})
