/**
 * Injects the faults of a soak. Each kind has a rhythm of its own, so that faults overlap.
 */
import { Effect } from "effect"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import { counted, quota } from "./Quotas.ts"
import { serverFaults } from "./ServerFaults.ts"
import * as Turns from "./Turns.ts"
import { workerFaults } from "./WorkerFaults.ts"
import type { World } from "./World.ts"

/** Injects faults until `isOver`, and ends when every fault has ended. */
export const run = (options: {
  readonly world: World
  readonly dice: Dice
  readonly pace: number
  /**
   * How long the faults are meant to last. At the end of that time each must have reached its
   * quota.
   */
  readonly seconds: number
  readonly isOver: () => boolean
}): Effect.Effect<void> => {
  const { isOver, pace, seconds, world } = options
  const end = Ledger.now() + seconds * 1000
  const turns = Turns.make(isOver)
  const faults = [
    ...serverFaults,
    ...workerFaults.map(({ every, fault, name }) => {
      // Without a quota, what the usual rhythm comes to.
      const owed = quota(name, seconds) ?? seconds * 1000 / every
      return {
        name,
        every,
        fault: (target: World, dice: Dice) =>
          turns.take(() => counted(world.faults, name) / owed, () => fault(target, dice))
      }
    })
  ]
  return Effect.forEach(faults, ({ every, fault, name }, index) => {
    let round = 0
    const tracks = faults.filter((other) => other.name === name).length
    let lasted = 0
    const next = Effect.gen(function*() {
      // Each round has dice of its own, so that no round changes the throws of the next one.
      const dice = options.dice.for(`${name} ${index} ${round++}`)
      const owed = quota(name, seconds) ?? 0
      const left = owed - counted(world.faults, name)
      const due = hurry * (end - Ledger.now()) * tracks / left - lasted
      const mean = left > 0 ? Math.min(every, Math.max(due, 50)) : every
      // The wait is cut into slices, so that the end of the faults does not wait for the next
      // fault.
      let wait = dice.gap(mean / pace)
      while (wait > 0 && !isOver()) {
        yield* Effect.sleep(Math.min(wait, 250))
        wait -= 250
      }
      const from = Ledger.now()
      if (!isOver()) yield* fault(world, dice)
      lasted = Ledger.now() - from
    })
    return Effect.repeat(next, { while: () => !isOver() })
  }, { concurrency: "unbounded", discard: true })
}

/** The plan reaches quotas a little early, because chance and busy victims delay some faults. */
const hurry = 0.8
