/**
 * The statements that add jobs to PostgreSQL, and tell later whether they were added.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { NewJob } from "../../domain/JobRecord.ts"
import { storeError } from "./PgError.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Ids = ReadonlyArray<bigint>

export interface PgInsert {
  /** Adds jobs in the caller's transaction. Answers with their ids in no order. */
  readonly insert: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<Ids, StoreError>
  /** Adds jobs and leaves the receipt, or fails if it is there already. */
  readonly insertOnce: (
    jobs: ReadonlyArray<NewJob>,
    receipt: string
  ) => Effect.Effect<Ids, StoreError>
  /** The jobs of a receipt, once the server has acknowledged a commit after theirs. */
  readonly confirm: (receipt: string) => Effect.Effect<Ids | undefined, StoreError>
}

export const make = (sql: PgClient.PgClient, schema: string): PgInsert => {
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const inserted = (jobs: ReadonlyArray<NewJob>) =>
    sql`
      INSERT INTO ${name("jobs")}
        (queue, name, payload, serialization_key, priority, run_at, max_attempts)
      SELECT queue, name, payload::jsonb, nullif(key, ''), priority,
             CASE WHEN start = '' THEN NULL
                  WHEN start LIKE '+%' THEN clock_timestamp() + start::interval
                  ELSE start::timestamptz END,
             nullif(max_attempts, 0)
      FROM unnest(
        ${jobs.map((job) => job.queue)}::text[], ${jobs.map((job) => job.name)}::text[],
        ${jobs.map((job) => job.payload)}::text[], ${jobs.map((job) => job.key ?? "")}::text[],
        ${jobs.map((job) => job.priority)}::integer[], ${jobs.map(startOf)}::text[],
        ${jobs.map((job) => job.maxAttempts ?? 0)}::integer[]
      ) WITH ORDINALITY AS new (queue, name, payload, key, priority, start, max_attempts, ord)
      ORDER BY ord
      RETURNING id
    `

  const insert: PgInsert["insert"] = (jobs) =>
    sql<{ id: bigint }>`${inserted(jobs)}`.pipe(
      Effect.map((rows) => rows.map(({ id }) => id)),
      Effect.mapError(storeError("enqueue"))
    )

  // A receipt that is there already ends the statement, and the jobs with it; one that another
  // connection is just about to leave is waited for. There is none, and no job, if a trigger keeps
  // one of them out.
  const insertOnce: PgInsert["insertOnce"] = (jobs, receipt) =>
    Effect.map(
      sql<{ ids: ReadonlyArray<bigint> }>`
        WITH added AS (${inserted(jobs)})
        INSERT INTO ${name("receipts")} (id, job_ids)
        SELECT ${receipt}::uuid,
               CASE WHEN count(*) = ${jobs.length}::integer THEN array_agg(id ORDER BY id) END
        FROM added
        RETURNING job_ids AS ids
      `,
      ([row]) => row?.ids ?? []
    ).pipe(withTimeout("enqueue"))

  // A server that waits for its standbys may be told to stop waiting, and then its newest jobs may
  // be on it alone. A receipt that is found may be on that server alone. A further commit is
  // acknowledged after it, and only by all of them.
  const confirm: PgInsert["confirm"] = (receipt) =>
    sql<{ ids: ReadonlyArray<bigint> }>`
      INSERT INTO ${name("receipts")} (id, job_ids)
      SELECT gen_random_uuid(), job_ids FROM ${name("receipts")} WHERE id = ${receipt}::uuid
      RETURNING job_ids AS ids
    `.pipe(Effect.map(([found]) => found?.ids), withTimeout("enqueue"))

  return { insert, insertOnce, confirm }
}

/** When a job may start, as text: nothing, an interval with a plus sign, or a time. */
const startOf = (job: NewJob): string =>
  job.runAt !== undefined
    ? job.runAt.toISOString()
    : job.delay !== undefined
    ? `+${Duration.toMillis(job.delay)} milliseconds`
    : ""
