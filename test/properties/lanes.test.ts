/**
 * A claim that looks at few lanes keeps the order of lanes, and no job is lost or stuck.
 *
 * The variables of `queue.test.ts` apply here, too.
 */
import { layer } from "@effect/vitest"
import { Layer } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import * as Commands from "./Commands.ts"
import * as Seats from "./Seats.ts"

const { PGQ_COMMANDS, PGQ_REPLAY, PGQ_RUNS, PGQ_SEED } = process.env
const arbitrary = {
  runs: Number(PGQ_RUNS ?? 30),
  size: 300,
  maxShrinks: 400,
  ...(PGQ_SEED === undefined ? {} : { seed: Number(PGQ_SEED) }),
  ...(PGQ_REPLAY === undefined ? {} : { replay: PGQ_REPLAY })
}

/**
 * Each claim takes the marker of one lane, as if there were always more markers than a claim looks
 * at.
 */
const narrow = {
  functions: ["claim"],
  from: "admit(busy, 200, is_careful)",
  to: "admit(busy, 1, is_careful)"
}

const narrowed = Layer.effectDiscard(InSchema.apply([narrow])).pipe(Layer.provideMerge(Seats.layer))

layer(narrowed, { excludeTestServices: true, timeout: "1 minute" })("lanes", (it) => {
  it.effect.prop(
    "keep their order and lose nothing when each claim looks at one of them",
    { commands: Commands.ofStepsInTurn(Number(PGQ_COMMANDS ?? 60)) },
    ({ commands }) => Commands.run(commands, { isNarrow: true }),
    { timeout: Math.max(300_000, arbitrary.runs * 5_000), arbitrary }
  )
})
