/**
 * Records in PostgreSQL how the runs of claimed jobs ended.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import { ClaimLost } from "../../domain/Errors.ts"
import type { JobRepo, Settled } from "../../services/JobRepo.ts"
import { withTimeout } from "./QueryTimeout.ts"

export const make = (
  sql: PgClient.PgClient,
  schema: string
): Pick<JobRepo["Service"], "settle" | "rowLocked"> => {
  const name = (relation: string) => sql(`${schema}.${relation}`)

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
    withTimeout("settle"),
    Effect.uninterruptible
  )

  const rowLocked: JobRepo["Service"]["rowLocked"] = Effect.fn("JobRepo.rowLocked")(
    function*(settled) {
      const rows = yield* sql<{ id: bigint }>`
        SELECT id FROM ${name("row_locked")}(
          ${settled.map(({ lease }) => lease)}::uuid[], ${settled.map(({ id }) => id)}::bigint[]
        ) AS id
      `
      return rows.map(({ id }) => id)
    },
    withTimeout("rowLocked")
  )

  return { settle, rowLocked }
}

/** What `settle` in `sql/` takes for a run that did not complete. */
const otherOutcome = ({ id, lease, settlement }: Settled): ReadonlyArray<object> => {
  const job = { id: String(id), lease }
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
