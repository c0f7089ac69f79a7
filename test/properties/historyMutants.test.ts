/**
 * The histories notice a missing mechanism. Each mutant takes a mechanism of the protocol out of a
 * database of its own, and one of a few fixed histories must fail.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Layer } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import { foundBy } from "../mutants/mutants.ts"
import * as Commands from "./Commands.ts"
import * as Seats from "./Seats.ts"

const subjects = foundBy("histories")

/** The seeds under which some rare mutants are found soon. */
const seeds: Readonly<Record<string, number>> = {
  "settlement-fenced-by-the-state-alone": 12,
  "rest-of-a-run-ignores-its-cancel": 16
}

const check = Effect.fnUntraced(function*(name: string) {
  const context = yield* Effect.context<Seats.Services>()
  return yield* Arbitrary.checkEffect(
    Commands.ofProtocol(60),
    (commands) =>
      Commands.run(commands).pipe(
        Effect.exit,
        Effect.map(Exit.isSuccess),
        Effect.provideContext(context)
      ),
    { seed: seeds[name] ?? 7, runs: 300, size: 300, maxShrinks: 0 }
  )
})

describe("the histories notice that", () => {
  it.live.each(subjects)("$name", (mutant) =>
    Effect.gen(function*() {
      yield* InSchema.apply(mutant.changes)
      const { _tag } = yield* check(mutant.name)
      assert.strictEqual(_tag, "Falsified")
    }).pipe(Effect.provide(Layer.fresh(Seats.layer))), 180_000)
})
