/**
 * Keeps jobs in PostgreSQL. Each method is one statement; the steps behind them are in `sql/`.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { JobRepo } from "../../services/JobRepo.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"
import * as PgClaim from "./PgClaim.ts"
import * as PgEnqueue from "./PgEnqueue.ts"
import * as PgFloors from "./PgFloors.ts"
import * as PgOffer from "./PgOffer.ts"
import * as PgSettle from "./PgSettle.ts"
import * as PgSpans from "./PgSpans.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  // The application may rename columns on its client; these statements use the names of the
  // database.
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const { mode } = yield* LockStrategy
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const enqueue = yield* PgEnqueue.make(sql, schema)
  const offer = yield* PgOffer.make(sql, schema)
  const floors = yield* PgFloors.make(sql, schema)
  const claim = PgClaim.make({ floors, mode, schema, sql })
  const settle = PgSettle.make({ floors, schema, sql })

  const hasUnstarted: JobRepo["Service"]["hasUnstarted"] = Effect.fn("JobRepo.hasUnstarted")(
    function*(queues) {
      const rows = yield* sql<{ waits: boolean }>`
        WITH open AS MATERIALIZED (
          -- The jobs of a paused queue are for later.
          SELECT queue FROM unnest(${queues}::text[]) AS asked(queue) WHERE NOT EXISTS (
            SELECT FROM ${name("pauses")} AS p
            WHERE p.queue IN (asked.queue, '*') AND p.name = ''
              AND (p.until IS NULL OR p.until > clock_timestamp())
          )
        )
        SELECT EXISTS (
          SELECT FROM ${name("jobs")} AS j
          WHERE j.queue = ANY (ARRAY(SELECT queue FROM open))
            AND j.state = 'ready' AND j.crash_count = 0
            AND j.id NOT IN (SELECT unnest(job_ids) FROM ${name("leases")})
        ) OR EXISTS (
          SELECT FROM ${name("jobs")} AS j
          WHERE j.queue = ANY (ARRAY(SELECT queue FROM open))
            AND j.state = 'ready' AND j.crash_count > 0
            AND j.id NOT IN (SELECT unnest(job_ids) FROM ${name("leases")})
        ) OR EXISTS (
          SELECT FROM ${name("jobs")} AS j
          WHERE j.queue = ANY (ARRAY(SELECT queue FROM open))
            AND j.state = 'waiting' AND NOT EXISTS (
            -- Behind a job that waits for its next try, they are for later, too.
            SELECT FROM ${name("jobs")} AS head
            WHERE head.queue = j.queue AND head.serialization_key = j.serialization_key
              AND head.state = 'retry'
          )
        ) AS waits
      `
      return rows[0]?.waits === true
    },
    withTimeout("hasUnstarted")
  )

  const spanAttributes = PgSpans.attributes(schema, sql.config)

  return JobRepo.of({ enqueue, offer, claim, settle, hasUnstarted, spanAttributes })
})

/** Jobs in the tables of `schema`, claimed in the mode of the `LockStrategy`. */
export const layer = (options: {
  readonly schema: string
}): Layer.Layer<JobRepo, never, PgClient.PgClient> => Layer.effect(JobRepo, make(options.schema))
