/**
 * An operator who tries jobs again, lets waiting jobs expire, and pauses queues for a moment.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as Actor from "./Actor.ts"
import { connect } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import type { World } from "./World.ts"

export const retries = "retries"
export const pauses = "pauses of a queue"
export const expiries = "jobs made to expire"

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
      yield* Effect.sleep(dice.gap(400))
      const act = { retry, expire, pause }[dice.weigh({ retry: 50, expire: 40, pause: 10 })]
      yield* Effect.timeout(act(sql, world, dice), "15 seconds")
    }
  }).pipe(Actor.untilOver(isOver))
}

/**
 * Failed and crashed jobs of the history, or jobs that wait for their time or their next try. The
 * checks expect cancelled jobs to stay so.
 */
const retry = Effect.fnUntraced(
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

/** The ledger has a job that may expire before the server has. */
const expire = Effect.fnUntraced(
  function*(sql: PgClient.PgClient, { count, write }: World, dice: Dice) {
    const chosen = yield* sql<{ id: number; n: number }>`
      SELECT id::double precision, (payload ->> 'n')::double precision AS n
      FROM pgq.jobs ORDER BY random() LIMIT ${dice.between(1, 5)}
    `
    for (const { id, n } of chosen) {
      write({ what: "expire", at: Ledger.now(), n })
      const [answer] = yield* sql<{ outcome: string }>`
        SELECT pgq.edit(${id}::bigint, expires_at =>
          clock_timestamp() + make_interval(secs => ${dice.between(0, 5) / 10}::double precision)
        ) AS outcome
      `
      if (answer?.outcome === "edited") count(expiries)
    }
  }
)

/** The pause ends by itself, if its operator does not come to end it. */
const pause = Effect.fnUntraced(
  function*(sql: PgClient.PgClient, { count }: World, dice: Dice) {
    const queue = dice.chance(0.5) ? "main" : "aside"
    const seconds = dice.between(2, 10) / 10
    yield* sql`
      SELECT pgq.pause(
        ${queue}::text, until => clock_timestamp() + make_interval(secs => ${seconds}::double precision),
        cancel_running => ${dice.chance(0.3)}::boolean
      )
    `
    count(pauses)
    if (dice.chance(0.5)) return
    yield* Effect.sleep(dice.between(0, 500))
    yield* sql`SELECT pgq.resume(${queue}::text)`
  }
)
