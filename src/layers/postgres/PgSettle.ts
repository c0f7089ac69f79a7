/**
 * Records settlements in PostgreSQL.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import { ClaimLost, type StoreError } from "../../domain/Errors.ts"
import { mayMakeReady, type Result } from "../../domain/Settlement.ts"
import type { JobRepo, Settled, Settling } from "../../services/JobRepo.ts"
import type { PgFloors } from "./PgFloors.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Batch = ReadonlyArray<Settled>

interface Options {
  readonly isRepeat?: boolean
}

interface Parts {
  readonly floors: PgFloors
  readonly schema: string
  readonly sql: PgClient.PgClient
}

export const make = (parts: Parts): JobRepo["Service"]["settle"] => {
  const { findLocked, record } = statements(parts)
  /** Jobs whose rows were locked when they were last sent. */
  const lockedBefore = new Set<bigint>()

  const recordOthers = Effect.fnUntraced(
    function*(batch: Batch, rowLocked: ReadonlyArray<bigint>, options: Options) {
      const locked = new Set(rowLocked)
      const others = batch.filter(({ id }) => !locked.has(id))
      others.forEach(({ id }) => lockedBefore.delete(id))
      rowLocked.forEach((id) => lockedBefore.add(id))
      const recorded = others.length === 0 ? nothing : yield* record(others, options)
      return { ...recorded, rowLocked }
    }
  )

  const recordAll = Effect.fnUntraced(function*(batch: Batch, options: Options) {
    return { ...yield* record(batch, options), rowLocked: [] }
  })

  return Effect.fn("JobRepo.settle")((batch, options = {}): Effect.Effect<Settling, StoreError> => {
    // A settlement that waits for a row has locked its lanes, and other workers wait for these. If
    // a row was locked a moment ago, the database is therefore asked about locks first.
    if (lockedBefore.size > 0 && batch.some(({ id }) => lockedBefore.has(id))) {
      return Effect.flatMap(findLocked(batch), (locked) => recordOthers(batch, locked, options))
    }
    return Effect.catchIf(
      recordAll(batch, options),
      ({ code }) => code === lockTimeout,
      (error) =>
        findLocked(batch).pipe(
          // The row is free by now, or the whole table is locked.
          Effect.filterOrFail((locked) => locked.length > 0, () => error),
          Effect.flatMap((locked) => recordOthers(batch, locked, options))
        )
    )
  })
}

const nothing = { lost: [], hasMadeReady: false }

/** PostgreSQL's code for a lock that was not free in time. */
const lockTimeout = "55P03"

const statements = ({ floors, schema, sql }: Parts) => {
  const name = (relation: string) => sql(`${schema}.${relation}`)

  const record = Effect.fnUntraced(
    function*(batch: Batch, { isRepeat = false }: Options) {
      const { counts, ids, leases, millis, others, results } = parametersOf(batch)
      const rows = yield* sql<{ id: bigint; lease: string } | { id: null; lease: null }>`
        SELECT id, lease::text FROM ${name(isRepeat ? "settle_again" : "settle")}(
          ${leases}::uuid[], ${counts}::integer[], ${ids}::bigint[],
          ${others.length === 0 ? null : JSON.stringify(others)}::jsonb, ${millis}::integer[],
          ${results.length === 0 ? null : `[${results.join(",")}]`}::jsonb
        )
      `
      // The first call of a repeated one may have made jobs ready.
      const hasMadeReady = isRepeat
        ? batch.some(mayMakeReady)
        : rows.some(({ id }) => id === null)
      // The jobs may stand below the floors.
      if (hasMadeReady) floors.forget()
      const lost = rows.flatMap((row) => row.id === null ? [] : new ClaimLost(row))
      return { lost, hasMadeReady }
    },
    withTimeout("settle"),
    Effect.uninterruptible
  )

  const findLocked = Effect.fnUntraced(
    function*(batch: Batch) {
      const rows = yield* sql<{ id: bigint }>`
        SELECT id FROM ${name("row_locked")}(
          ${batch.map(({ lease }) => lease)}::uuid[], ${batch.map(({ id }) => id)}::bigint[]
        ) AS id
      `
      return rows.map(({ id }) => id)
    },
    withTimeout("settle"),
    // If the database does not answer, everything is sent again.
    Effect.catchIf(({ isTransient }) => !isTransient, () => Effect.succeed([]))
  )

  return { record, findLocked }
}

/** Completed jobs lease by lease, those of each in ascending order; and the other ends of runs. */
const parametersOf = (batch: Batch) => {
  const done = new Map<string, Array<Settled>>()
  const others: Array<object> = []
  const results: Array<string> = []
  for (const each of batch) {
    const { settlement } = each
    if (settlement._tag !== "Completed") {
      others.push(...otherOutcome(each))
      continue
    }
    if (settlement.result !== undefined) results.push(resultText(each, settlement.result))
    if (!done.get(each.lease)?.push(each)) done.set(each.lease, [each])
  }
  const byLease = Array.from(done.values(), (ended) => ended.toSorted(byId))
  const all = byLease.flat()
  return {
    leases: Array.from(done.keys()),
    counts: byLease.map((ended) => ended.length),
    ids: all.map(({ id }) => id),
    // As text, an array costs the driver a tenth.
    millis: `{${all.map((one) => millisOf(one) ?? "NULL").join(",")}}`,
    others,
    results
  }
}

/** An element of the list of results. The value is JSON text already. */
const resultText = ({ id, lease }: Settled, { error, keep, value }: Result): string => {
  const fields = JSON.stringify({ lease, id: String(id), keep: seconds(keep), error })
  return value === undefined ? fields : `${fields.slice(0, -1)},"value":${value}}`
}

const byId = (one: Settled, other: Settled): number => one.id < other.id ? -1 : 1

const millisOf = ({ ranFor }: Settled): number | null =>
  ranFor === undefined ? null : Math.min(Math.round(ranFor), integerMax)

/** An element of the list that `settle` in `sql/` takes for runs that did not complete. */
const otherOutcome = (settled: Settled): ReadonlyArray<object> => {
  const { id, lease, settlement } = settled
  const job = { id: String(id), lease, ran_ms: millisOf(settled) }
  switch (settlement._tag) {
    case "Completed":
      return []
    case "Released":
      return [{ ...job, outcome: "released" }]
    case "Unhandled":
      return [{
        ...job,
        outcome: "unhandled",
        delay: seconds(settlement.delay),
        error: settlement.error
      }]
    case "Retried":
    case "Snoozed":
      return [{
        ...job,
        outcome: settlement._tag === "Retried" ? "retried" : "snoozed",
        delay: seconds(settlement.delay),
        error: settlement.error,
        holds: settlement.holdsLane
      }]
    case "Cancelled":
      return [{ ...job, outcome: "cancelled", error: settlement.error }]
    case "Failed":
      return [{
        ...job,
        outcome: settlement.blocksLane ? "blocked" : "failed",
        error: settlement.error,
        failure: settlement.failure === undefined ? undefined : JSON.parse(settlement.failure)
      }]
  }
}

/** At most ten years, because not every version of PostgreSQL has an infinite interval. */
const seconds = (delay: Duration.Duration): number =>
  Math.min(Duration.toSeconds(delay), 315_360_000)

/** PostgreSQL's greatest `integer`: as milliseconds, 24 days. */
const integerMax = 2_147_483_647
