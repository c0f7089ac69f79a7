/**
 * Records in PostgreSQL how the runs of claimed jobs ended.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect } from "effect"
import { ClaimLost } from "../../domain/Errors.ts"
import type { JobRepo, Settled } from "../../services/JobRepo.ts"
import { answered } from "./QueryTimeout.ts"

export const make = (
  sql: PgClient.PgClient,
  schema: string
): Pick<JobRepo["Service"], "settle" | "locked"> => {
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

  return { settle, locked }
}

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
