/**
 * Adds jobs to PostgreSQL exactly once: a caller whose answer was lost asks again under the same
 * receipt.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Option, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { StoreError } from "../../domain/Errors.ts"
import type { NewJob } from "../../domain/JobRecord.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import * as Backoff from "../effects/Backoff.ts"
import * as Batcher from "../effects/Batcher.ts"
import * as PgInsert from "./PgInsert.ts"

export const make = Effect.fnUntraced(function*(sql: PgClient.PgClient, schema: string) {
  const statements = PgInsert.make(sql, schema)

  /** Inside the caller's transaction. The caller learns from its commit whether the jobs exist. */
  const insertInTransaction = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
    const ids = yield* statements.insert(jobs)
    if (ids.length < jobs.length) return yield* keptOut(undefined)
    // Ids grow in the order of the rows; RETURNING promises no order.
    return ids.toSorted((a, b) => (a < b ? -1 : 1))
  })

  const add = addOnce(statements)
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

/** Asks again under the same receipt while it is unknown whether the jobs were added. */
export const addOnce =
  <Job, A>({ confirm, insertOnce }: PgInsert.Statements<Job, A>) => (jobs: ReadonlyArray<Job>) =>
    Effect.suspend(() => {
      const receipt = randomUUID()
      let isOutcomeUnknown = false
      const inserted = Effect.gen(function*() {
        const since = yield* Clock.currentTimeMillis
        const answers = yield* insertOnce(jobs, receipt)
        // A slow answer may come from a commit whose wait for a standby was cancelled.
        isOutcomeUnknown ||= (yield* Clock.currentTimeMillis) - since >= suspicious
        if (isOutcomeUnknown && answers.length > 0) yield* confirm(receipt)
        return answers
      })
      return inserted.pipe(
        Effect.catchIf(
          ({ code }) => isOutcomeUnknown && code === uniqueViolation,
          (error) =>
            Effect.filterOrFail(confirm(receipt), (answers) => answers !== undefined, () => error)
        ),
        Effect.tapError((error) =>
          Effect.sync(() => {
            isOutcomeUnknown ||= error.isOutcomeUnknown === true
          })
        ),
        Effect.retry({
          schedule: backoff,
          while: ({ isTransient }) => isOutcomeUnknown && isTransient
        }),
        Effect.mapError((error) =>
          isOutcomeUnknown
            ? withUnknownOutcome(error)
            : isWithoutJobs(error)
            ? keptOut(error)
            : error
        )
      )
    })

/**
 * An earlier attempt may have committed, so the last error does not tell whether the jobs were
 * added.
 */
const withUnknownOutcome = ({ cause, code, detail, isTransient, operation }: StoreError) =>
  new StoreError({
    operation,
    isTransient,
    isOutcomeUnknown: true,
    ...(code === undefined ? {} : { code }),
    detail: `${detail}; the jobs may have been added all the same`,
    cause
  })

const uniqueViolation = "23505"

/** Milliseconds. */
const suspicious = 1000

/** The receipt exists without all of its jobs. */
const isWithoutJobs = ({ code, detail }: StoreError) =>
  code === "23502" && detail.includes("\"job_ids\"")

const keptOut = (cause: unknown) =>
  new StoreError({
    operation: "enqueue",
    isTransient: false,
    detail: "nothing was added: a trigger on the table of jobs has kept a job out",
    cause
  })

/** Ends before receipts expire. */
const backoff = Backoff.schedule({ base: "50 millis", cap: "2 seconds" }).pipe(
  Schedule.upTo({ duration: "30 seconds" })
)
