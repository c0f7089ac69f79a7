/**
 * Producers, workers, people and accidents act on a queue, also two at once. After every step the
 * tables say what the model says, and no invariant of RELIABILITY.md 5.1 is broken. In the end
 * every committed job has finished exactly once.
 *
 * `PGQ_RUNS` sets the number of histories (30 by default), `PGQ_COMMANDS` the length of the longest
 * one (60). `PGQ_SEED` draws the same histories again. A failure prints the shortest history found
 * and a replay text: `PGQ_REPLAY='…' npx vitest run test/properties/queue.test.ts` runs that
 * history alone.
 */
import { layer } from "@effect/vitest"
import * as Commands from "./Commands.ts"
import * as Seats from "./Seats.ts"

const { PGQ_COMMANDS, PGQ_REPLAY, PGQ_RUNS, PGQ_SEED } = process.env
const arbitrary = {
  runs: Number(PGQ_RUNS ?? 30),
  // Without a size, histories have ten commands at most. The first few are short in any case.
  size: 300,
  maxShrinks: 400,
  ...(PGQ_SEED === undefined ? {} : { seed: Number(PGQ_SEED) }),
  ...(PGQ_REPLAY === undefined ? {} : { replay: PGQ_REPLAY })
}

layer(Seats.layer, { excludeTestServices: true, timeout: "1 minute" })("a queue", (it) => {
  it.effect.prop(
    "is what its model is, whatever happens",
    { commands: Commands.ofLength(Number(PGQ_COMMANDS ?? 60)) },
    ({ commands }) => Commands.run(commands),
    { timeout: Math.max(300_000, arbitrary.runs * 5_000), arbitrary }
  )
})
