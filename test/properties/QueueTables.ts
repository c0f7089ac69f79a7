/**
 * The tables of one queue: a snapshot to compare with the model, and the broken invariants.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Snapshot } from "./QueueModel.ts"

/** The committed state of the queue. */
export const read = Effect.fnUntraced(function*(sql: PgClient.PgClient, queue: string) {
  const [row] = yield* sql<Row>`
    SELECT
      (SELECT coalesce(json_agg(json_build_object(
        'id', id::text, 'key', serialization_key, 'priority', priority, 'failures', failures,
        'place', place::text, 'crashes', crash_count, 'unhandledCount', unhandled_count,
        'uniqueKey', unique_key, 'n', payload -> 'n',
        'expires', CASE WHEN expires_at IS NULL THEN 'never'
                        WHEN expires_at > clock_timestamp() THEN 'later' ELSE 'over' END,
        'snoozeCount', coalesce(snooze_count, 0), 'isBlocked', run_at = 'infinity',
        'laneState', CASE WHEN id IN (SELECT unnest(job_ids) FROM pgq.leases) THEN 'leased'
                         WHEN state = 'scheduled' THEN 'delayed'
                         WHEN state = 'retry' THEN 'delayedHoldingLane' ELSE 'open' END
      ) ORDER BY id), '[]') FROM pgq.jobs WHERE queue = ${queue}) AS jobs,
      (SELECT coalesce(json_agg(json_build_object(
        'id', id, 'worker', worker_id,
        'ids', ARRAY(SELECT held.id::text FROM unnest(job_ids) AS held (id) ORDER BY held.id),
        'unwanted', ARRAY(SELECT asked.job_id::text FROM pgq.cancel_requests AS asked
                          WHERE asked.lease_id = leases.id AND asked.job_id = ANY (job_ids)
                          ORDER BY asked.job_id)
      ) ORDER BY id), '[]') FROM pgq.leases WHERE queue = ${queue}) AS leases,
      (SELECT coalesce(json_agg(json_build_object('id', id, 'isAsleep', asleep) ORDER BY id), '[]')
       FROM pgq.workers WHERE ${queue} = ANY (queues)) AS workers,
      (SELECT coalesce(json_agg(json_build_object(
        'id', id::text, 'outcome', outcome, 'attempt', attempt, 'lease', lease_id
      ) ORDER BY id), '[]') FROM pgq.finished_jobs
       WHERE queue = ${queue} AND redriven_at IS NULL) AS ended
  `
  const { ended, jobs, leases, workers } = row!
  return {
    jobs: jobs.map((job) => ({
      ...job,
      id: BigInt(job.id),
      key: job.key ?? undefined,
      place: job.place === null ? undefined : BigInt(job.place),
      uniqueKey: job.uniqueKey ?? undefined,
      n: job.n ?? undefined,
      isBlocked: job.isBlocked === true
    })),
    leases: leases.map((lease) => ({
      ...lease,
      ids: lease.ids.map(BigInt),
      unwanted: lease.unwanted.map(BigInt)
    })),
    workers,
    ended: ended.map((job) => ({ ...job, id: BigInt(job.id), lease: job.lease ?? undefined }))
  } satisfies Snapshot
})

/** The broken invariants of RELIABILITY.md 5.1 that the tables alone can show, by their numbers. */
export const violations = Effect.fnUntraced(function*(sql: PgClient.PgClient, queue: string) {
  const rows = yield* sql<{ what: string }>`
    WITH mine AS (SELECT * FROM pgq.jobs WHERE queue = ${queue}),
    held AS (SELECT id AS lease, unnest(job_ids) AS id FROM pgq.leases WHERE queue = ${queue})
    SELECT 'I1: two heads in lane ' || serialization_key AS what FROM mine
    WHERE serialization_key IS NOT NULL AND state IN ('ready', 'retry')
    GROUP BY serialization_key HAVING count(*) > 1
    UNION ALL
    SELECT 'I2: job in two leases: ' || id FROM held GROUP BY id HAVING count(*) > 1
    UNION ALL
    SELECT 'I2: lane in two leases: ' || serialization_key FROM mine JOIN held USING (id)
    WHERE serialization_key IS NOT NULL GROUP BY serialization_key HAVING count(DISTINCT lease) > 1
    UNION ALL
    SELECT DISTINCT 'I4: nobody will look at lane ' || serialization_key FROM mine AS one
    WHERE state = 'waiting'
      AND NOT EXISTS (SELECT FROM mine AS head WHERE head.state IN ('ready', 'retry')
                      AND head.serialization_key = one.serialization_key)
      AND NOT EXISTS (SELECT FROM pgq.dirty_lanes AS mark
                      WHERE mark.queue = ${queue} AND mark.key = one.serialization_key)
    UNION ALL
    SELECT 'I5: both finished and not: ' || id FROM mine JOIN pgq.finished_jobs USING (id)
    WHERE redriven_at IS NULL
    UNION ALL
    SELECT 'I6: finished twice: ' || id FROM pgq.finished_jobs
    WHERE queue = ${queue} AND redriven_at IS NULL
    GROUP BY id HAVING count(*) > 1
    UNION ALL
    SELECT 'two holders of unique key ' || unique_key FROM mine
    WHERE unique_key IS NOT NULL GROUP BY name, unique_key HAVING count(*) > 1
    UNION ALL
    SELECT 'I10: leased in state ' || state || ': ' || id FROM mine JOIN held USING (id)
    WHERE state NOT IN ('ready', 'waiting')
  `
  return rows.map(({ what }) => what)
})

/** Deletes all rows of the queue, so that the next queue has the tables to itself. */
export const clear = (sql: PgClient.PgClient, queue: string) =>
  sql`
    WITH a AS (DELETE FROM pgq.leases WHERE queue = ${queue}),
         b AS (DELETE FROM pgq.workers WHERE ${queue} = ANY (queues)),
         c AS (DELETE FROM pgq.dirty_lanes WHERE queue = ${queue}),
         d AS (DELETE FROM pgq.finished_jobs WHERE queue = ${queue}),
         e AS (DELETE FROM pgq.cancel_requests),
         f AS (DELETE FROM pgq.holds)
    DELETE FROM pgq.jobs WHERE queue = ${queue}
  `

interface Row {
  readonly jobs: ReadonlyArray<
    Omit<Snapshot["jobs"][number], "id" | "isBlocked" | "key" | "n" | "place" | "uniqueKey"> & {
      readonly id: string
      readonly key: string | null
      readonly place: string | null
      readonly uniqueKey: string | null
      readonly n: number | null
      readonly isBlocked: boolean | null
    }
  >
  readonly leases: ReadonlyArray<
    {
      readonly id: string
      readonly worker: string
      readonly ids: ReadonlyArray<string>
      readonly unwanted: ReadonlyArray<string>
    }
  >
  readonly workers: Snapshot["workers"]
  readonly ended: ReadonlyArray<
    Omit<Snapshot["ended"][number], "id" | "lease"> & {
      readonly id: string
      readonly lease: string | null
    }
  >
}
