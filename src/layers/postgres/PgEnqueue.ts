/**
 * Adds jobs to PostgreSQL, once: a caller that loses the answer asks again under the same receipt.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Duration, Effect, Option, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { StoreError } from "../../domain/Errors.ts"
import type { NewJob } from "../../domain/Job.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import * as Batcher from "../effects/Batcher.ts"
import { storeError } from "./PgError.ts"
import { answered } from "./QueryTimeout.ts"

export const make = Effect.fnUntraced(function*(sql: PgClient.PgClient, schema: string) {
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const insert = (jobs: ReadonlyArray<NewJob>) =>
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

  /** In the caller's transaction, which is his to know of. */
  const insertInTransaction = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const rows = yield* Effect.mapError(
      sql<{ id: bigint }>`${insert(jobs)}`,
      storeError("enqueue")
    )
    if (rows.length < jobs.length) return yield* keptOut(undefined)
    // Ids grow in the order the rows were given; RETURNING promises none.
    return rows.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1))
  })

  // A receipt that is there already ends the statement, and the jobs with it; one that another
  // connection is just about to leave is waited for. There is none, and no job, if a trigger keeps
  // one of them out.
  const insertOnce = (jobs: ReadonlyArray<NewJob>, receipt: string) =>
    Effect.map(
      sql<{ ids: ReadonlyArray<bigint> }>`
        WITH added AS (${insert(jobs)})
        INSERT INTO ${name("receipts")} (id, job_ids)
        SELECT ${receipt}::uuid,
               CASE WHEN count(*) = ${jobs.length}::integer THEN array_agg(id ORDER BY id) END
        FROM added
        RETURNING job_ids AS ids
      `,
      ([row]) => row?.ids ?? []
    )

  // A server that waits for its standbys may be told to stop waiting, and then its newest jobs may
  // be on it alone. A receipt that is found may be on that server alone. A further commit is
  // acknowledged after it, and only by all of them.
  const confirm = (receipt: string) =>
    sql<{ ids: ReadonlyArray<bigint> }>`
      INSERT INTO ${name("receipts")} (id, job_ids)
      SELECT gen_random_uuid(), job_ids FROM ${name("receipts")} WHERE id = ${receipt}::uuid
      RETURNING job_ids AS ids
    `

  const add = (jobs: ReadonlyArray<NewJob>) =>
    Effect.suspend(() => {
      const receipt = randomUUID()
      let isUnknown = false
      const inserted = Effect.gen(function*() {
        const since = yield* Clock.currentTimeMillis
        const ids = yield* answered("enqueue")(insertOnce(jobs, receipt))
        // An answer that took long may come of a wait that was cancelled.
        isUnknown ||= (yield* Clock.currentTimeMillis) - since >= suspicious
        if (isUnknown && ids.length > 0) yield* answered("enqueue")(confirm(receipt))
        return ids
      })
      return inserted.pipe(
        Effect.catchIf(
          ({ code }) => isUnknown && code === uniqueViolation,
          (error) =>
            Effect.flatMap(
              answered("enqueue")(confirm(receipt)),
              ([found]) => found === undefined ? Effect.fail(error) : Effect.succeed(found.ids)
            )
        ),
        Effect.tapError((error) =>
          Effect.sync(() => {
            isUnknown ||= error.isUnknown === true
          })
        ),
        Effect.retry({ schedule: backoff, while: ({ isTransient }) => isUnknown && isTransient }),
        Effect.mapError((error) =>
          isUnknown ? inDoubt(error) : isWithoutJobs(error) ? keptOut(error) : error
        )
      )
    })

  const single = yield* Batcher.make({
    call: add,
    isIsolated: (error: StoreError) => !error.isTransient,
    itemsMax: 1000
  })

  const enqueue: JobRepo["Service"]["enqueue"] = Effect.fnUntraced(function*(jobs) {
    const [first, ...others] = jobs
    if (first === undefined) return []
    const transaction = yield* Effect.serviceOption(sql.transactionService)
    if (Option.isSome(transaction)) {
      return yield* insertInTransaction(jobs)
    }
    return others.length === 0 ? [yield* single.add(first)] : yield* add(jobs)
  })

  return enqueue
})

/** When a job may start, as text: nothing, an interval with a plus sign, or a time. */
const startOf = (job: NewJob): string =>
  job.runAt !== undefined
    ? job.runAt.toISOString()
    : job.delay !== undefined
    ? `+${Duration.toMillis(job.delay)} milliseconds`
    : ""

/** The error of the last try does not tell whether the first one added the jobs. */
const inDoubt = ({ cause, code, detail, isTransient, operation }: StoreError) =>
  new StoreError({
    operation,
    isTransient,
    isUnknown: true,
    ...(code === undefined ? {} : { code }),
    detail: `${detail}; the jobs may have been added all the same`,
    cause
  })

const uniqueViolation = "23505"

/** Milliseconds. */
const suspicious = 1000

/** The receipt of jobs that were not all added. */
const isWithoutJobs = ({ code, detail }: StoreError) =>
  code === "23502" && detail.includes("\"job_ids\"")

const keptOut = (cause: unknown) =>
  new StoreError({
    operation: "enqueue",
    isTransient: false,
    detail: "nothing was added: a trigger on the table of jobs has kept a job out",
    cause
  })

/** Less than receipts are kept. */
const backoff = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])
  .pipe(
    Schedule.jittered,
    Schedule.upTo({ duration: "30 seconds" })
  )
