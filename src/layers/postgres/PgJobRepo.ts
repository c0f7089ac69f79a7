/**
 * Keeps jobs in PostgreSQL. Each method is one statement; the steps behind them are in `sql/`.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import { ClaimLost } from "../../domain/Errors.ts"
import { type ClaimedJob, payloadBytesMax } from "../../domain/Job.ts"
import * as Turns from "../../domain/Turns.ts"
import { JobRepo, type Settled } from "../../services/JobRepo.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"
import * as PgEnqueue from "./PgEnqueue.ts"
import { answered } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  // The application may rename columns on its client; these statements name columns as the database
  // does.
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const { mode } = yield* LockStrategy
  const isExclusive = mode._tag !== "RowLock"
  const userLock = mode._tag === "Advisory" ? [mode.key].flat().map(BigInt) : null
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const enqueue = yield* PgEnqueue.make(sql, schema)

  const claim: JobRepo["Service"]["claim"] = Effect.fn("JobRepo.claim")(
    function*({ isCareful = false, laneRun, limit, queues, slots, worker }) {
      const rows = yield* sql<ClaimRow>`
        SELECT lease::text, id, queue, name, payload, serialization_key, priority, attempt,
               max_attempts, put_offs
        FROM ${name("claim")}(
          ${queues}::text[], ${worker}::uuid, ${limit}, ${slots}, ${laneRun}, ${isExclusive},
          ${userLock}::bigint[], ${isCareful}
        )
      `
      const isBehind = rows[0] !== undefined && rows[0].id === null
      if (isBehind) return { jobs: [], isBehind }
      const inOrder = Turns.interleaved(rows.toSorted(byOrder))
      const payloads = yield* omittedPayloads(inOrder)
      return { jobs: inOrder.map((row) => claimed(row, payloads)), isBehind }
    },
    answered("claim"),
    // The jobs of a claim must reach the caller, or nobody would run them.
    Effect.uninterruptible
  )

  /**
   * Large payloads are fetched after the claim, when no lock is held any more, for as long as there
   * is room.
   */
  const omittedPayloads = Effect.fnUntraced(function*(rows: ReadonlyArray<ClaimRow>) {
    const payloads = new Map<bigint, string>()
    const ids = rows.filter(({ payload }) => payload === null).map(({ id }) => id)
    const leases = Array.from(new Set(rows.map(({ lease }) => lease)))
    let room = fetchedBytesMax
    for (let start = 0; start < ids.length && room > 0; start += 32) {
      const some = ids.slice(start, start + 32)
      const found = yield* sql<{ id: bigint; payload: string }>`
        SELECT id, payload::text AS payload FROM (
          SELECT id, payload, sum(bytes) OVER (ORDER BY place) - bytes AS bytes_before
          FROM (
            SELECT id, payload, octet_length(payload::text) AS bytes,
                   array_position(${some}::bigint[], id) AS place
            FROM ${name("jobs")} WHERE id = ANY (${some}::bigint[])
              -- A job that was deleted since has left its lease, and its id may be another's.
              AND id IN (
                SELECT unnest(job_ids) FROM ${name("leases")} WHERE id = ANY (${leases}::uuid[])
              )
          ) AS sized
        ) AS summed
        WHERE bytes_before < ${room}::bigint
      `
      for (const { id, payload } of found) {
        payloads.set(id, payload)
        room -= Buffer.byteLength(payload)
      }
    }
    return payloads
  })

  const settle: JobRepo["Service"]["settle"] = Effect.fn("JobRepo.settle")(
    function*(settled, { isRepeat = false } = {}) {
      const done = new Map<string, Array<bigint>>()
      const others: Array<object> = []
      for (const each of settled) {
        if (each.settlement._tag !== "Completed") others.push(...otherOutcome(each))
        else if (!done.get(each.lease)?.push(each.id)) done.set(each.lease, [each.id])
      }
      const ids = Array.from(done.values())
      const lost = yield* sql<{ id: bigint; lease: string }>`
        SELECT id, lease::text FROM ${name(isRepeat ? "settle_again" : "settle")}(
          ${Array.from(done.keys())}::uuid[], ${ids.map((held) => held.length)}::integer[],
          ${ids.flat()}::bigint[], ${JSON.stringify(others)}::jsonb
        )
      `
      return lost.map((each) => new ClaimLost(each))
    },
    answered("settle"),
    Effect.uninterruptible
  )

  const locked: JobRepo["Service"]["locked"] = Effect.fn("JobRepo.locked")(
    function*(settled) {
      const rows = yield* sql<{ id: bigint }>`
        SELECT id FROM ${name("locked")}(
          ${settled.map(({ lease }) => lease)}::uuid[], ${settled.map(({ id }) => id)}::bigint[]
        ) AS id
      `
      return rows.map(({ id }) => id)
    },
    answered("locked")
  )

  const hasWaiting: JobRepo["Service"]["hasWaiting"] = Effect.fn("JobRepo.hasWaiting")(
    function*(queues) {
      const rows = yield* sql<{ waits: boolean }>`
        SELECT EXISTS (
          SELECT FROM ${name("jobs")} AS j
          WHERE j.queue = ANY (${queues}::text[]) AND j.state = 'ready' AND j.crash_count = 0
            AND j.id NOT IN (SELECT unnest(job_ids) FROM ${name("leases")})
        ) OR EXISTS (
          SELECT FROM ${name("jobs")} AS j
          WHERE j.queue = ANY (${queues}::text[]) AND j.state = 'ready' AND j.crash_count > 0
            AND j.id NOT IN (SELECT unnest(job_ids) FROM ${name("leases")})
        ) OR EXISTS (
          SELECT FROM ${name("jobs")} AS j
          WHERE j.queue = ANY (${queues}::text[]) AND j.state = 'waiting' AND NOT EXISTS (
            -- Behind a job that waits for its next try, they are for later, too.
            SELECT FROM ${name("jobs")} AS token
            WHERE token.queue = j.queue AND token.serialization_key = j.serialization_key
              AND token.state = 'retry'
          )
        ) AS waits
      `
      return rows[0]?.waits === true
    },
    answered("hasWaiting")
  )

  const hasUnannounced: JobRepo["Service"]["hasUnannounced"] = Effect.fn("JobRepo.hasUnannounced")(
    function*(queues) {
      const rows = yield* sql<{ found: boolean }>`
        SELECT ${name("has_unannounced")}(${queues}::text[]) AS found
      `
      return rows[0]?.found === true
    },
    answered("hasUnannounced")
  )

  return JobRepo.of({ enqueue, claim, settle, locked, hasWaiting, hasUnannounced })
})

/** Jobs in the tables of `schema`, claimed in the mode of the `LockStrategy`. */
export const layer = (options: {
  readonly schema: string
}): Layer.Layer<JobRepo, never, LockStrategy | PgClient.PgClient> =>
  Layer.effect(JobRepo, make(options.schema))

interface ClaimRow {
  readonly lease: string
  readonly id: bigint
  readonly queue: string
  readonly name: string
  readonly payload: string | null
  readonly serialization_key: string | null
  readonly priority: number
  readonly attempt: number
  readonly max_attempts: number | null
  readonly put_offs: number
}

const claimed = (row: ClaimRow, payloads: ReadonlyMap<bigint, string>): ClaimedJob => ({
  id: row.id,
  lease: row.lease,
  queue: row.queue,
  name: row.name,
  payload: row.payload ?? payloads.get(row.id),
  key: row.serialization_key ?? undefined,
  priority: row.priority,
  attempt: row.attempt + 1,
  maxAttempts: row.max_attempts ?? undefined,
  putOffs: row.put_offs
})

const byOrder = (a: ClaimRow, b: ClaimRow): number =>
  b.priority - a.priority || (a.id < b.id ? -1 : 1)

/** Of the payloads that are fetched after a claim, the last one may go beyond it. */
const fetchedBytesMax = 8 * payloadBytesMax

/** What `settle` in `sql/` takes for a run that did not complete. */
const otherOutcome = ({ id, lease, settlement }: Settled): ReadonlyArray<object> => {
  const job = { id: String(id), lease }
  switch (settlement._tag) {
    case "Completed":
      return []
    case "Released":
      return [{ ...job, outcome: "released" }]
    case "PutOff":
      return [{
        ...job,
        outcome: "put_off",
        delay: seconds(settlement.delay),
        error: settlement.error
      }]
    case "Retried":
      return [{
        ...job,
        outcome: "retried",
        delay: seconds(settlement.delay),
        error: settlement.error,
        holds: settlement.holdsLane
      }]
    case "Failed":
      return [{
        ...job,
        outcome: settlement.blocksLane ? "blocked" : "failed",
        error: settlement.error
      }]
  }
}

/** At most ten years: PostgreSQL has no interval without end. */
const seconds = (delay: Duration.Duration): number =>
  Math.min(Duration.toSeconds(delay), 315_360_000)
