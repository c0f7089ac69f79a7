/**
 * The histories notice a missing mechanism. Each mutant takes a mechanism of the protocol out of a
 * database of its own, and one of a few fixed histories must fail.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Layer } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import type { Mutant } from "../mutants/Mutant.ts"
import { foundBy } from "../mutants/mutants.ts"
import * as Commands from "./Commands.ts"
import * as Seats from "./Seats.ts"

const subjects = foundBy("histories")

/** Whether the histories of a mutant are those of unique jobs. */
const isOfUnique = ({ by }: Mutant) =>
  by.some((one) => one.checker === "histories" && one.of === "unique jobs")

/** The seeds under which some rare mutants are found soon. */
const seeds: Readonly<Record<string, number>> = {
  "settlement-fenced-by-the-state-alone": 12,
  "rest-of-a-run-ignores-its-cancel": 16,
  "sweep-ends-running-jobs": 9,
  "redriven-beside-the-holder-of-its-key": 8,
  "finished-job-without-its-key": 8,
  "replaced-with-the-failures-of-before": 10,
  "replaced-with-the-expiry-of-before": 1,
  "hold-of-an-offer-that-was-kept": 8,
  "trailing-job-within-the-hold": 9
}

const check = Effect.fnUntraced(function*(mutant: Mutant) {
  const context = yield* Effect.context<Seats.Services>()
  return yield* Arbitrary.checkEffect(
    isOfUnique(mutant) ? Commands.ofUnique(60) : Commands.ofProtocol(60),
    (commands) =>
      Commands.run(commands).pipe(
        Effect.exit,
        Effect.map(Exit.isSuccess),
        Effect.provideContext(context)
      ),
    { seed: seeds[mutant.name] ?? 7, runs: 300, size: 300, maxShrinks: 0 }
  )
})

describe("the histories notice that", () => {
  it.live.each(subjects)("$name", (mutant) =>
    Effect.gen(function*() {
      yield* InSchema.apply(mutant.changes)
      const { _tag } = yield* check(mutant)
      assert.strictEqual(_tag, "Falsified")
    }).pipe(Effect.provide(Layer.fresh(Seats.layer))), 180_000)
})
