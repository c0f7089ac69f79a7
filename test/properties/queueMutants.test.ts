/**
 * The histories notice what they are there for: a mechanism of the protocol is taken out, in a
 * database of its own, and one of a fixed few goes wrong.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Layer } from "effect"
import * as Crew from "./Crew.ts"
import * as Histories from "./Histories.ts"
import * as Mutant from "./Mutant.ts"
import * as QueueMutants from "./QueueMutants.ts"

const check = Effect.gen(function*() {
  const context = yield* Effect.context<Crew.Services>()
  return yield* Arbitrary.checkEffect(
    Histories.ofLength(60),
    (commands) =>
      Histories.run(commands).pipe(
        Effect.exit,
        Effect.map(Exit.isSuccess),
        Effect.provideContext(context)
      ),
    { seed: 7, runs: 120, size: 300, maxShrinks: 0 }
  )
})

describe("the histories notice that", () => {
  it.live.each(QueueMutants.mutants)("$name", (mutant) =>
    Effect.gen(function*() {
      yield* Mutant.apply(mutant)
      const { _tag } = yield* check
      assert.strictEqual(_tag, "Falsified")
    }).pipe(Effect.provide(Layer.fresh(Crew.layer))), 180_000)
})
