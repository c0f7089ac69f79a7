/**
 * Cancels about one of a hundred jobs: half of them as they wait, half of them as they run.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as Actor from "./Actor.ts"
import { connect } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import type { World } from "./World.ts"

export const cancels = "cancels"

/** Cancels jobs until `isOver`. The last answer is in the ledger when it ends. */
export const run = (options: {
  readonly world: World
  readonly dice: Dice
  /** The jobs that all producers together add in a second. */
  readonly rate: number
  readonly isOver: () => boolean
}): Effect.Effect<void> => {
  const { isOver, rate, world } = options
  let calls = 0
  return Effect.gen(function*() {
    const dice = options.dice.for(String(calls))
    const url = dice.chance(0.5) ? world.server.url : world.producerUrl
    const sql = yield* connect(url, "soak canceller", { prepare: world.bouncer === undefined })
    while (!isOver()) {
      const dice = options.dice.for(String(calls++))
      yield* Effect.sleep(dice.gap(1000 * perCall * 100 / rate))
      yield* cancelSome(sql, world, dice)
    }
  }).pipe(Actor.untilOver(isOver))
}

const perCall = 3

const cancelSome = Effect.fnUntraced(
  function*(sql: PgClient.PgClient, { cancelled, count, write }: World, dice: Dice) {
    const which = dice.chance(0.5) ? "" : "WHERE id IN (SELECT unnest(job_ids) FROM pgq.leases)"
    const chosen = yield* Effect.timeout(
      sql<{ id: number; n: number }>`
        SELECT id::double precision, (payload ->> 'n')::double precision AS n
        FROM pgq.jobs ${sql.literal(which)}
        ORDER BY random() LIMIT ${dice.between(1, 2 * perCall - 1)}
      `,
      "15 seconds"
    )
    const noted = (job: { readonly id: number; readonly n: number }, answer: string) =>
      write({ what: "cancel", at: Ledger.now(), wall: Date.now(), ...job, answer })
    for (const { id } of chosen) cancelled.add(id)
    const answers = yield* Effect.timeout(
      sql<{ answer: string }>`
        SELECT CASE WHEN has_ended_before THEN 'ended' ELSE outcome END AS answer
        FROM pgq.cancel(${chosen.map(({ id }) => id)}::bigint[], 'not wanted')
      `,
      "15 seconds"
    ).pipe(
      Effect.tapCause(() => Effect.sync(() => chosen.forEach((job) => noted(job, "lost"))))
    )
    chosen.forEach((job, index) => noted(job, answers[index]!.answer))
    count(cancels, chosen.length)
  }
)
