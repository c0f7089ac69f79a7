/**
 * Workers in one process, each behind a network of its own. Connections are cut, refused, reset in
 * the middle of a message, or fall silent, at random. Each worker must go on once its network is
 * well, and must close in time in any case.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Exit } from "effect"
import * as Dice from "./Dice.ts"
import type * as Server from "./Server.ts"
import * as StormRound from "./StormRound.ts"

export interface Report {
  readonly rounds: number
  /** The number of faults of each kind. */
  readonly faults: ReadonlyMap<string, number>
  /** The longest time of each feat, in seconds. */
  readonly slowest: ReadonlyMap<string, number>
  readonly violations: ReadonlyArray<string>
}

/** The seconds that each feat may take. A healthy listener gives a sign of life every 5 seconds. */
const limits: Readonly<Record<StormRound.Feat, number>> = { recover: 40, listen: 20, close: 8 }

/**
 * Begins rounds for `seconds`, `atOnce` of them side by side. The first violation ends the storm.
 */
export const run = Effect.fnUntraced(function*(options: {
  readonly server: Server.Server
  readonly sql: PgClient.PgClient
  readonly seed: string
  readonly seconds: number
  readonly atOnce: number
}) {
  const { atOnce, seconds, seed, server, sql } = options
  const faults = new Map<string, number>()
  const slowest = new Map<string, number>()
  const violations: Array<string> = []
  let rounds = 0
  const end = (yield* now) + seconds

  const timed = (round: string): StormRound.Timed => (feat, effect) =>
    Effect.gen(function*() {
      const from = yield* now
      // The timeout is twice the limit, so that the report tells slow feats from stuck ones.
      const exit = yield* Effect.exit(Effect.timeout(effect, `${2 * limits[feat]} seconds`))
      const took = (yield* now) - from
      slowest.set(feat, Math.max(took, slowest.get(feat) ?? 0))
      if (Exit.isSuccess(exit) && took <= limits[feat]) return
      violations.push(`${round}: ${feat}, ${took.toFixed(1)} seconds, ${exit._tag}`)
    })

  const lane = Effect.fnUntraced(function*(number: number) {
    const dice = Dice.make(seed).for(`lane ${number}`)
    for (let n = 1; (yield* now) < end && violations.length === 0; n++) {
      const name = `storm ${number}-${n}`
      rounds++
      yield* StormRound.run({
        server,
        sql,
        name,
        dice: dice.for(String(n)),
        onFault: (fault) => faults.set(fault, (faults.get(fault) ?? 0) + 1),
        timed: timed(name),
        violated: (what) => violations.push(`${name}: ${what}`)
      }).pipe(Effect.scoped)
    }
  })
  yield* Effect.forEach(Array.from({ length: atOnce }, (_, n) => n + 1), lane, {
    concurrency: "unbounded"
  })
  const report: Report = { rounds, faults, slowest, violations }
  return report
})

/** Monotonic seconds. */
const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n) / 1000)
