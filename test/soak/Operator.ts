/**
 * An operator who tries jobs again: failed and crashed ones of the history, and jobs that wait for
 * their time or their next try. Cancelled jobs are left alone, because the checks expect them to
 * stay so.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { connect } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import type { World } from "./World.ts"

export const retries = "retries"

/** Operates until `isOver`. */
export const run = (options: {
  readonly world: World
  readonly dice: Dice
  readonly isOver: () => boolean
}): Effect.Effect<void> => {
  const { isOver, world } = options
  let calls = 0
  return Effect.gen(function*() {
    const sql = yield* connect(world.server.url, "soak operator")
    while (!isOver()) {
      const dice = options.dice.for(String(calls++))
      yield* Effect.sleep(dice.gap(500))
      yield* Effect.timeout(retrySome(sql, world, dice), "15 seconds")
    }
  }).pipe(
    Effect.scoped,
    Effect.exit,
    Effect.andThen(Effect.sleep("100 millis")),
    Effect.repeat({ while: () => !isOver() }),
    Effect.asVoid
  )
}

const retrySome = Effect.fnUntraced(
  function*(sql: PgClient.PgClient, { cancelled, count }: World, dice: Dice) {
    const limit = dice.between(1, 5)
    const chosen = dice.chance(0.5)
      ? yield* sql<{ id: number }>`
        SELECT id::double precision FROM pgq.finished_jobs
        WHERE outcome IN ('failed', 'crashed') AND redriven_at IS NULL
        ORDER BY random() LIMIT ${limit}
      `
      : yield* sql<{ id: number }>`
        SELECT id::double precision FROM pgq.jobs
        WHERE state IN ('scheduled', 'retry') ORDER BY random() LIMIT ${limit}
      `
    const ids = chosen.map(({ id }) => id).filter((id) => !cancelled.has(id))
    const answers = yield* sql<{ outcome: string }>`
      SELECT outcome FROM pgq.retry(${ids}::bigint[])
    `
    for (const { outcome } of answers) {
      if (outcome === "redriven" || outcome === "retried") count(`${retries}, ${outcome}`)
    }
  }
)
