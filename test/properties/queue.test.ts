/**
 * Whatever producers, workers, people and accidents do to a queue, and however two of them meet,
 * its tables say what the model says after every step, no invariant of RELIABILITY.md 5.1 is
 * broken, and in the end everything committed is finished exactly once.
 *
 * `PGQ_RUNS` sets how many histories (30 by default), `PGQ_COMMANDS` how long the longest is (60).
 * `PGQ_SEED` draws the same ones again. A failure prints the shortest history found and a replay
 * text: `PGQ_REPLAY='…' npx vitest run test/properties/queue.test.ts` runs that one alone.
 */
import { layer } from "@effect/vitest"
import * as Commands from "./Commands.ts"
import * as Seats from "./Seats.ts"

const { PGQ_COMMANDS, PGQ_REPLAY, PGQ_RUNS, PGQ_SEED } = process.env
const arbitrary = {
  runs: Number(PGQ_RUNS ?? 30),
  // Without it histories are of ten commands at most; the first few are short even so.
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
