/**
 * The answers to operators, read from the tables.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import type { FailedJob } from "../../domain/FailedJob.ts"
import type { StopAnswer } from "../../domain/StopMode.ts"
import type { QueueCounts, WorkerInfo } from "../../domain/WorkerStatus.ts"
import { JobAdmin } from "../../services/JobAdmin.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const counts = sql<QueueCounts>`
    SELECT queue,
           coalesce(sum(n) FILTER (WHERE state = 'ready'), 0)::float8 AS ready,
           coalesce(sum(n) FILTER (WHERE state = 'waiting'), 0)::float8 AS waiting,
           coalesce(sum(n) FILTER (WHERE state = 'running'), 0)::float8 AS running,
           coalesce(sum(n) FILTER (WHERE state IN ('scheduled', 'retry', 'blocked')), 0)::float8
             AS scheduled,
           coalesce(sum(n) FILTER (WHERE state = 'paused'), 0)::float8 AS paused,
           coalesce(sum(n) FILTER (WHERE state = 'completed'), 0)::float8 AS completed,
           coalesce(sum(n) FILTER (WHERE state IN ('failed', 'crashed')), 0)::float8 AS failed,
           coalesce(sum(n) FILTER (WHERE state = 'cancelled'), 0)::float8 AS cancelled,
           coalesce(sum(n) FILTER (WHERE state = 'expired'), 0)::float8 AS expired,
           coalesce(sum(n) FILTER (WHERE state = 'discarded'), 0)::float8 AS discarded
    FROM (
      SELECT queue, state, count(*) AS n FROM ${name("job_states")} GROUP BY queue, state
      UNION ALL
      SELECT queue, outcome, count(*) FROM ${name("finished_jobs")}
      WHERE redriven_at IS NULL GROUP BY queue, outcome
    ) AS counted
    GROUP BY queue ORDER BY queue
  `.pipe(withTimeout("counts"), Effect.withSpan("JobAdmin.counts"))

  const failed: JobAdmin["Service"]["failed"] = Effect.fn("JobAdmin.failed")(
    function*({ limit, name: jobName, queue, since }) {
      const rows = yield* sql<FailedRow>`
        SELECT id, queue, name, outcome, finished_at AS "finishedAt", attempt AS attempts, error
        FROM ${name("finished_jobs")}
        WHERE outcome IN ('failed', 'crashed') AND redriven_at IS NULL
          AND finished_at >= ${since?.toISOString() ?? "-infinity"}::timestamptz
          AND (${queue ?? null}::text IS NULL OR queue = ${queue ?? null}::text)
          AND (${jobName ?? null}::text IS NULL OR name = ${jobName ?? null}::text)
        ORDER BY finished_at DESC, id DESC LIMIT ${limit}
      `
      return rows.map((row) => ({ ...row, error: row.error ?? undefined }))
    },
    withTimeout("failed")
  )

  const workers = sql<WorkerRow>`
    SELECT w.id::text, w.label, w.host, w.pid, w.queues, w.mode, w.concurrency,
           coalesce(sum(cardinality(l.job_ids)), 0)::float8 AS running,
           extract(epoch FROM clock_timestamp() - w.started_at)::float8 AS age
    FROM ${name("workers")} AS w
    LEFT JOIN ${name("leases")} AS l ON l.worker_id = w.id
    WHERE w.lease_until > clock_timestamp()
    GROUP BY w.id ORDER BY w.started_at
  `.pipe(
    Effect.map((rows) => rows.map((row) => ({ ...row, age: Duration.seconds(row.age) }))),
    withTimeout("workers"),
    Effect.withSpan("JobAdmin.workers")
  )

  const stopWorker: JobAdmin["Service"]["stopWorker"] = Effect.fn("JobAdmin.stopWorker")(
    function*(id, mode) {
      if (!isUuid.test(id)) return "not found"
      const [row] = yield* sql<{ answer: StopAnswer }>`
        SELECT ${name("ask_to_stop")}(${id}::uuid, ${mode}::text) AS answer
      `
      return row!.answer
    },
    withTimeout("stopWorker")
  )

  return JobAdmin.of({ counts, failed, workers, stopWorker })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<JobAdmin, never, PgClient.PgClient> => Layer.effect(JobAdmin, make(options.schema))

type FailedRow = Omit<FailedJob, "error"> & { readonly error: string | null }

type WorkerRow = Omit<WorkerInfo, "age"> & {
  /** In seconds. */
  readonly age: number
}

const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
