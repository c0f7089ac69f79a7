/**
 * The statements that offer jobs to PostgreSQL.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import type { OfferedJob, OfferOutcome } from "../../domain/Unique.ts"
import { storeError } from "./PgError.ts"
import { expiryOf, isTraced, startOf, type Statements, traceOf } from "./PgInsert.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** The outcome is "held" if the job was passed by, and `null` if a whole call was undone. */
export interface Answer {
  readonly id: bigint | null
  readonly outcome: OfferOutcome | "rejected" | "held" | null
}

export interface PgOffers {
  /** Offers jobs in the caller's transaction. */
  readonly offer: (
    jobs: ReadonlyArray<OfferedJob>,
    isWhole: boolean
  ) => Effect.Effect<ReadonlyArray<Answer>, StoreError>
  /** Offers jobs with a receipt. */
  readonly once: (options: Step) => Statements<OfferedJob, Answer>
}

interface Step {
  readonly step: "offer_many" | "offer_apart"
  readonly isWhole: boolean
}

export const make = (sql: PgClient.PgClient, schema: string): PgOffers => {
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const offered = (jobs: ReadonlyArray<OfferedJob>) => offeredOf(sql, schema, jobs)

  const offer: PgOffers["offer"] = (jobs, isWhole) =>
    sql<Answer>`SELECT id, outcome FROM ${name("offer_many")}(${offered(jobs)}, ${isWhole})`.pipe(
      Effect.mapError(storeError("offer"))
    )

  const insertOnce =
    ({ isWhole, step }: Step): Statements<OfferedJob, Answer>["insertOnce"] => (jobs, receipt) =>
      sql<ReceiptRow>`
      INSERT INTO ${name("receipts")} (id, job_ids, outcomes)
      SELECT ${receipt}::uuid, array_agg(done.id ORDER BY ord), array_agg(done.outcome ORDER BY ord)
      FROM ${name(step)}(${offered(jobs)}${step === "offer_many" ? sql`, ${isWhole}` : sql``})
           WITH ORDINALITY AS done(id, outcome, ord)
      RETURNING job_ids AS ids, outcomes
    `.pipe(Effect.map(([row]) => row === undefined ? [] : answersOf(row)), withTimeout("offer"))

  // As `confirm` in PgInsert.ts.
  const confirm: Statements<OfferedJob, Answer>["confirm"] = (receipt) =>
    sql<ReceiptRow>`
      INSERT INTO ${name("receipts")} (id, job_ids, outcomes)
      SELECT gen_random_uuid(), job_ids, outcomes FROM ${name("receipts")}
      WHERE id = ${receipt}::uuid
      RETURNING job_ids AS ids, outcomes
    `.pipe(
      Effect.map(([row]) => row === undefined ? undefined : answersOf(row)),
      withTimeout("offer")
    )

  return { offer, once: (options) => ({ insertOnce: insertOnce(options), confirm }) }
}

/** The jobs as an array of the type `offered_job`. */
const offeredOf = (
  sql: PgClient.PgClient,
  schema: string,
  jobs: ReadonlyArray<OfferedJob>
) => {
  const areTraced = jobs.some(isTraced)
  return sql`ARRAY(
    SELECT (
      o.name, payload::jsonb, nullif(lane, ''), priority,
      CASE WHEN start = '' THEN NULL
           WHEN start LIKE '+%' THEN clock_timestamp() + start::interval
           ELSE start::timestamptz END,
      queue, nullif(max_attempts, 0),
      CASE WHEN scoped THEN to_jsonb(queue)::text || ' ' ELSE '' END || CASE
        WHEN fields <> '' THEN ${sql(`${schema}.unique_key`)}(payload::jsonb, VARIADIC ARRAY(
          SELECT field FROM jsonb_array_elements_text(fields::jsonb)
                 WITH ORDINALITY AS one(field, place) ORDER BY place
        ))
        ELSE nullif(key, '')
      END,
      mode, nullif(within, '')::interval, nullif(wait, '')::interval,
      nullif(max_wait, '')::interval,
      CASE WHEN expiry LIKE '+%' THEN NULL ELSE nullif(expiry, '')::timestamptz END,
      CASE WHEN expiry LIKE '+%' THEN expiry::interval END,
      ${areTraced ? sql`nullif(traceparent, '')` : sql`NULL`}
    )::${sql(`${schema}.offered_job`)}
    FROM unnest(
      ${jobs.map((job) => job.queue)}::text[], ${jobs.map((job) => job.name)}::text[],
      ${jobs.map((job) => job.payload)}::text[], ${jobs.map((job) => job.key ?? "")}::text[],
      ${jobs.map((job) => job.priority)}::integer[], ${jobs.map(startOf)}::text[],
      ${jobs.map((job) => job.maxAttempts ?? 0)}::integer[], ${jobs.map(keyOf)}::text[],
      ${jobs.map(fieldsOf)}::text[], ${jobs.map((job) => job.unique?.isScoped ?? false)}::boolean[],
      ${jobs.map((job) => job.unique?.mode ?? "keep")}::text[],
      ${jobs.map((job) => spanOf(job.unique?.within))}::text[],
      ${jobs.map((job) => spanOf(job.unique?.wait))}::text[],
      ${jobs.map((job) => spanOf(job.unique?.maxWait))}::text[],
      ${jobs.map((job) => expiryOf({ ...job, delay: undefined }))}::text[]${
    areTraced ? sql`, ${jobs.map(traceOf)}::text[]` : sql``
  }
    ) WITH ORDINALITY AS o (
      queue, name, payload, lane, priority, start, max_attempts, key, fields, scoped, mode,
      within, wait, max_wait, expiry${areTraced ? sql`, traceparent` : sql``}, ord
    ) ORDER BY ord
  )`
}

interface ReceiptRow {
  readonly ids: ReadonlyArray<bigint | null>
  readonly outcomes: ReadonlyArray<Answer["outcome"]>
}

const answersOf = ({ ids, outcomes }: ReceiptRow): ReadonlyArray<Answer> =>
  ids.map((id, n) => ({ id, outcome: outcomes[n] ?? null }))

const keyOf = ({ unique }: OfferedJob): string => typeof unique?.key === "string" ? unique.key : ""

const fieldsOf = ({ unique }: OfferedJob): string =>
  unique === undefined || typeof unique.key === "string" ? "" : JSON.stringify(unique.key)

const spanOf = (span: Duration.Duration | undefined): string =>
  span === undefined ? "" : `${Duration.toMillis(span)} milliseconds`
