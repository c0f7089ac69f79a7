/**
 * Points between two statements of a claim, at which a test can make the claim wait. They are put
 * into the functions of a test's database; the rest of the functions stays as it is.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Fiber } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import type * as Session from "../support/Session.ts"

export const names = ["admitted", "looked", "making heads"] as const
type Name = typeof names[number]

const before = (name: Name, functions: ReadonlyArray<string>, from: string) =>
  InSchema.apply([{ functions, from, to: `PERFORM wait_at('${name}'); ${from}` }])

/** Puts the points into the functions. */
export const install = Effect.andThen(
  InSchema.apply([{
    statement: `
      CREATE FUNCTION pgq.wait_at(name text) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        IF current_setting('pgq.pause', true) = name THEN
          PERFORM pg_advisory_xact_lock_shared(4711);
        END IF;
      END $$
    `
  }]),
  Effect.all([
    before("admitted", ["pick", "pick_above"], "SELECT ARRAY(SELECT unnest(job_ids)"),
    before("looked", ["pick", "pick_above"], "SELECT array_agg(candidate.id)"),
    before("making heads", ["choose_heads"], "UPDATE jobs SET state = 'ready'")
  ])
)

interface Seat {
  readonly session: Session.Session
  readonly pid: number
}

/** The answers of both steps, and whether the second step ended while the first was paused. */
export const paused = Effect.fnUntraced(function*<A, B, E, F>({ at, first, second, sql }: {
  readonly sql: PgClient.PgClient
  readonly at: Name
  readonly first: { readonly seat: Seat; readonly does: Effect.Effect<A, E> }
  readonly second: { readonly seat: Seat; readonly does: Effect.Effect<B, F> }
}) {
  yield* first.seat.session.sql`SELECT set_config('pgq.pause', ${at}, false)`
  const [one, other, isSecondFirst] = yield* Effect.acquireUseRelease(
    sql`SELECT pg_advisory_lock(4711)`,
    Effect.fnUntraced(function*() {
      const one = yield* Effect.forkChild(first.does)
      yield* hasEndedOrWaits(sql, one, first.seat.pid)
      const other = yield* Effect.forkChild(second.does)
      yield* hasEndedOrWaits(sql, other, second.seat.pid)
      return [
        one,
        other,
        other.pollUnsafe() !== undefined && one.pollUnsafe() === undefined
      ] as const
    }),
    () => sql`SELECT pg_advisory_unlock(4711)`
  )
  const answers = { first: yield* Fiber.join(one), second: yield* Fiber.join(other) }
  yield* first.seat.session.sql`SELECT set_config('pgq.pause', '', false)`
  return { ...answers, isSecondFirst }
})

/**
 * Waits until a step has ended, or its connection waits for a lock. Answers `true` if the
 * connection waits.
 */
export const hasEndedOrWaits = Effect.fnUntraced(
  function*(sql: PgClient.PgClient, fiber: Fiber.Fiber<unknown, unknown>, pid: number) {
    let isWaiting = false
    while (!isWaiting && fiber.pollUnsafe() === undefined) {
      const [row] = yield* sql<{ waits: boolean }>`
        SELECT cardinality(pg_blocking_pids(${pid})) > 0 AS waits
      `
      isWaiting = row!.waits
    }
    return isWaiting
  }
)
