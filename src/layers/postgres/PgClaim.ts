/**
 * Claims jobs from PostgreSQL, with their payloads as far as the claim's byte budget allows.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Statement } from "effect/sql"
import type { CooperativeMode } from "../../domain/CooperativeMode.ts"
import { type ClaimedJob, payloadBytesMax } from "../../domain/JobRecord.ts"
import * as Turns from "../../domain/Turns.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import type { Range } from "./Floors.ts"
import type { PgFloors } from "./PgFloors.ts"
import { withTimeout } from "./QueryTimeout.ts"

export const make = ({ floors, mode, schema, sql }: {
  readonly floors: PgFloors
  readonly mode: CooperativeMode
  readonly schema: string
  readonly sql: PgClient.PgClient
}): JobRepo["Service"]["claim"] => {
  const isExclusive = mode._tag !== "RowLock"
  const userLock = mode._tag === "Advisory" ? [mode.key].flat().map(BigInt) : null
  const name = (relation: string) => sql(`${schema}.${relation}`)
  const payloadsOf = omittedPayloads(sql, name)

  return Effect.fn("JobRepo.claim")(
    function*({ isBusy = true, isCareful = false, isThorough = true, worker, ...wants }) {
      const { limit, perLaneMax, queues, slots } = wants
      yield* floors.lookIfDue
      const { learn, ranges } = floors.begin(queues)
      const looksBelow = isThorough || !floors.isSlow()
      const column = <A>(valueOf: (range: Range) => A) =>
        ranges.length === 0 ? null : ranges.map(valueOf)
      const rows = yield* sql<ClaimRow | Hint>`
        SELECT lease::text, id, queue, name, payload, serialization_key, priority, failures,
               max_attempts, unhandled_count, snooze_count, expires_at, is_suspect, was_scheduled,
               place, traceparent, waited
        FROM ${name("claim")}(
          ${queues}::text[], ${worker}::uuid, ${limit}, ${slots}, ${perLaneMax}, ${isExclusive},
          ${userLock}::bigint[], ${isCareful}, ${looksBelow}, ${isBusy},
          ${column(({ queue }) => queue)}::text[], ${column(({ top }) => top)}::integer[],
          ${column(({ bottom }) => bottom)}::integer[], ${column(({ floor }) => floor)}::bigint[]
        )
      `
      const found = rows.filter(isJob)
      const isBehind = found.length < rows.length
      const hasPassedBy = ranges.length > 0 && !looksBelow
      const heads = found.filter(isHead).toSorted(byTurn)
      learn(heads)
      const inOrder = Turns.interleaved(withTheirLanes(heads, found))
      const payloads = yield* payloadsOf(inOrder)
      return {
        jobs: inOrder.map((row) => claimed(row, payloads)),
        isBehind,
        hasPassedBy,
        // Several queues share the limit, and a queue that could give more may not have.
        hasFoundAll: !isBehind && ranges.length === 0 && queues.length === 1 && heads.length < limit
      }
    },
    withTimeout("claim"),
    // The jobs of a claim must reach the caller, or no worker would run them.
    Effect.uninterruptible
  )
}

/**
 * Fetches large payloads after the claim, when its locks have been released, as far as the byte
 * budget allows.
 */
const omittedPayloads = (
  sql: PgClient.PgClient,
  name: (relation: string) => Statement.Identifier
) =>
  Effect.fnUntraced(function*(rows: ReadonlyArray<ClaimRow>) {
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

interface ClaimRow {
  readonly lease: string
  readonly id: bigint
  readonly queue: string
  readonly name: string
  readonly payload: string | null
  readonly serialization_key: string | null
  readonly priority: number
  readonly failures: number
  readonly max_attempts: number | null
  readonly unhandled_count: number
  readonly snooze_count: number | null
  readonly expires_at: Date | null
  readonly is_suspect: boolean
  readonly was_scheduled: boolean | null
  /** Null for a job behind the head of its lane. */
  readonly place: bigint | null
  readonly traceparent: string | null
  readonly waited: number
}

/** Another claim at once may find jobs. */
interface Hint {
  readonly id: null
}

const isJob = (row: ClaimRow | Hint): row is ClaimRow => row.id !== null

type Head = ClaimRow & { readonly place: bigint }

const isHead = (row: ClaimRow): row is Head => row.place !== null

const claimed = (row: ClaimRow, payloads: ReadonlyMap<bigint, string>): ClaimedJob => ({
  id: row.id,
  lease: row.lease,
  queue: row.queue,
  name: row.name,
  payload: row.payload ?? payloads.get(row.id),
  key: row.serialization_key ?? undefined,
  priority: row.priority,
  attempt: row.failures + 1,
  maxAttempts: row.max_attempts ?? undefined,
  unhandledCount: row.unhandled_count,
  snoozeCount: row.snooze_count ?? 0,
  expiresAt: momentOf(row.expires_at),
  isSuspect: row.is_suspect,
  waited: row.waited * 1000,
  traceparent: row.traceparent ?? undefined,
  wasScheduled: row.traceparent !== null && row.was_scheduled === true
})

/** 'infinity' and what is too far away for a `Date` come as an invalid one: both are never. */
const momentOf = (time: Date | null): Date | undefined =>
  time === null || Number.isNaN(time.getTime()) ? undefined : time

const byTurn = (a: Head, b: Head): number => b.priority - a.priority || (a.place < b.place ? -1 : 1)

/** The order of the jobs in a lane. */
const byUrgency = (a: ClaimRow, b: ClaimRow): number =>
  b.priority - a.priority || (a.id < b.id ? -1 : 1)

/** Each head, and behind it the jobs that were claimed with it. */
const withTheirLanes = (
  heads: ReadonlyArray<Head>,
  rows: ReadonlyArray<ClaimRow>
): ReadonlyArray<ClaimRow> => {
  if (heads.length === rows.length) return heads
  const laneOf = ({ lease, serialization_key }: ClaimRow) => `${lease} ${serialization_key}`
  const lanes = new Map<string, Array<ClaimRow>>()
  for (const row of rows.filter((row) => !isHead(row)).toSorted(byUrgency)) {
    const lane = lanes.get(laneOf(row))
    if (lane === undefined) lanes.set(laneOf(row), [row])
    else lane.push(row)
  }
  return heads.flatMap((head) => [head, ...lanes.get(laneOf(head)) ?? []])
}

/** The last payload fetched after a claim may exceed this. */
const fetchedBytesMax = 8 * payloadBytesMax
