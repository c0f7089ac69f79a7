/**
 * The histories notice what they are there for: a mechanism of the protocol is taken out, in a database
 * of its own, and one of a fixed few goes wrong. `PGQ_MUTANTS=all` takes out each of `QueueMutants`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Layer } from "effect"
import * as Crew from "./Crew.ts"
import * as Histories from "./Histories.ts"
import * as Mutant from "./Mutant.ts"
import * as QueueMutants from "./QueueMutants.ts"

const isAll = process.env.PGQ_MUTANTS === "all"
const mutants = isAll ? [...QueueMutants.cheap, ...QueueMutants.others] : QueueMutants.cheap

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
    { seed: 7, runs: isAll ? 120 : 40, size: 300, maxShrinks: 0 }
  )
})

describe("the histories notice that", () => {
  it.live.each(mutants)("$name", (mutant) =>
    Effect.gen(function*() {
      yield* Mutant.apply(mutant)
      const { _tag } = yield* check
      assert.strictEqual(_tag, "Falsified")
    }).pipe(Effect.provide(Layer.fresh(Crew.layer))), 180_000)
})
