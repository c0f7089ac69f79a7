/**
 * The statements that add jobs to PostgreSQL, and those that tell later whether the jobs were
 * added.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { NewJob } from "../../domain/JobRecord.ts"
import { storeError } from "./PgError.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Ids = ReadonlyArray<bigint>

export interface PgInsert extends Statements<NewJob, bigint> {
  /** Adds jobs in the caller's transaction. Answers their ids in no order. */
  readonly insert: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<Ids, StoreError>
}

/** The statements that add jobs with a receipt. They answer for each job, in order. */
export interface Statements<Job, A> {
  /** Adds jobs and the receipt; fails if the receipt exists. */
  readonly insertOnce: (
    jobs: ReadonlyArray<Job>,
    receipt: string
  ) => Effect.Effect<ReadonlyArray<A>, StoreError>
  /** The answers of a receipt, after the server has acknowledged a commit later than theirs. */
  readonly confirm: (receipt: string) => Effect.Effect<ReadonlyArray<A> | undefined, StoreError>
}

export const make = (sql: PgClient.PgClient, schema: string): PgInsert => {
  const name = (relation: string) => sql(`${schema}.${relation}`)

  // Jobs without a trace pay nothing for the traces of others: their statement has no such column.
  const inserted = (jobs: ReadonlyArray<NewJob>) => {
    const areTraced = jobs.some(isTraced)
    return sql`
      INSERT INTO ${name("jobs")}
        (queue, name, payload, serialization_key, priority, run_at, max_attempts, expires_at${
      areTraced ? sql`, traceparent` : sql``
    })
      SELECT queue, name, payload::jsonb, nullif(key, ''), priority,
             CASE WHEN start = '' THEN NULL
                  WHEN start LIKE '+%' THEN clock_timestamp() + start::interval
                  ELSE start::timestamptz END,
             nullif(max_attempts, 0),
             CASE WHEN expiry = '' THEN NULL
                  WHEN expiry LIKE '+%' THEN expiry::interval + greatest(
                    CASE WHEN start LIKE '+%' THEN NULL ELSE nullif(start, '')::timestamptz END,
                    clock_timestamp()
                  )
                  ELSE expiry::timestamptz END${areTraced ? sql`, nullif(traceparent, '')` : sql``}
      FROM ${rowsOf(sql, jobs, areTraced)}
      ORDER BY ord
      RETURNING id
    `
  }

  const insert: PgInsert["insert"] = (jobs) =>
    sql<{ id: bigint }>`${inserted(jobs)}`.pipe(
      Effect.map((rows) => rows.map(({ id }) => id)),
      Effect.mapError(storeError("enqueue"))
    )

  // An existing receipt ends the statement, and the jobs with it. If another connection is about to
  // add the receipt, the statement waits. If a trigger keeps a job out, no receipt and no job is
  // added.
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

  // A server that waits for its standbys may be told to stop waiting; its newest commits may then
  // exist on it alone, the receipt among them. A further commit is acknowledged only by all of
  // them, and after the receipt.
  const confirm: PgInsert["confirm"] = (receipt) =>
    sql<{ ids: ReadonlyArray<bigint> }>`
      INSERT INTO ${name("receipts")} (id, job_ids)
      SELECT gen_random_uuid(), job_ids FROM ${name("receipts")} WHERE id = ${receipt}::uuid
      RETURNING job_ids AS ids
    `.pipe(Effect.map(([found]) => found?.ids), withTimeout("enqueue"))

  return { insert, insertOnce, confirm }
}

/** The new jobs as rows. */
const rowsOf = (sql: PgClient.PgClient, jobs: ReadonlyArray<NewJob>, areTraced: boolean) => {
  const [first] = jobs
  return first !== undefined && jobs.every((job) => isLike(job, first))
    ? alike(sql, jobs, first)
    : unlike(sql, jobs, areTraced)
}

/** Rows for jobs that differ in their payloads alone: to send the rest once is faster. */
const alike = (sql: PgClient.PgClient, jobs: ReadonlyArray<NewJob>, first: NewJob) =>
  sql`(
    SELECT ${first.queue}::text AS queue, ${first.name}::text AS name, payload,
           ${first.key ?? ""}::text AS key, ${first.priority}::integer AS priority,
           ${startOf(first)}::text AS start, ${first.maxAttempts ?? 0}::integer AS max_attempts,
           ${expiryOf(first)}::text AS expiry${
    first.traceparent === undefined ? sql`` : sql`, ${first.traceparent}::text AS traceparent`
  }, ord
    FROM unnest(${jobs.map((job) => job.payload)}::text[]) WITH ORDINALITY AS one (payload, ord)
  ) AS new`

const unlike = (sql: PgClient.PgClient, jobs: ReadonlyArray<NewJob>, areTraced: boolean) =>
  sql`unnest(
    ${jobs.map((job) => job.queue)}::text[], ${jobs.map((job) => job.name)}::text[],
    ${jobs.map((job) => job.payload)}::text[], ${jobs.map((job) => job.key ?? "")}::text[],
    ${jobs.map((job) => job.priority)}::integer[], ${jobs.map(startOf)}::text[],
    ${jobs.map((job) => job.maxAttempts ?? 0)}::integer[], ${jobs.map(expiryOf)}::text[]${
    areTraced ? sql`, ${jobs.map(traceOf)}::text[]` : sql``
  }
  ) WITH ORDINALITY AS new (
    queue, name, payload, key, priority, start, max_attempts, expiry${
    areTraced ? sql`, traceparent` : sql``
  }, ord
  )`

const isLike = (job: NewJob, other: NewJob): boolean =>
  job.queue === other.queue && job.name === other.name && job.key === other.key &&
  job.priority === other.priority && job.maxAttempts === other.maxAttempts &&
  startOf(job) === startOf(other) && expiryOf(job) === expiryOf(other) &&
  job.traceparent === other.traceparent

export const isTraced = ({ traceparent }: NewJob): boolean => traceparent !== undefined

export const traceOf = ({ traceparent = "" }: NewJob): string => traceparent

/** The start of a job, as text: empty, an interval with a plus sign, or a time. */
export const startOf = (job: NewJob): string =>
  job.runAt !== undefined
    ? job.runAt.toISOString()
    : job.delay !== undefined
    ? `+${Duration.toMillis(job.delay)} milliseconds`
    : ""

/** The expiry of a job, as text in the same way. An interval counts from a delay's end. */
export const expiryOf = ({ delay = Duration.zero, expiresAt, expiresIn }: NewJob): string =>
  expiresAt !== undefined
    ? expiresAt.toISOString()
    : expiresIn !== undefined
    ? `+${Duration.toMillis(delay) + Duration.toMillis(expiresIn)} milliseconds`
    : ""
