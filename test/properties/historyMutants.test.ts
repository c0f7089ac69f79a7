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

const histories = {
  protocol: Commands.ofProtocol,
  "unique jobs": Commands.ofUnique,
  transactions: Commands.ofTransactions
}

/** The histories that must notice a mutant. */
const historiesOf = ({ by }: Mutant) => {
  const [found] = by.filter((one) => one.checker === "histories")
  return histories[found?.of ?? "protocol"]
}

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

/** The seeds of single histories that find some rare mutants, mostly at once. */
const firstSeeds: Readonly<Record<string, number>> = {
  "no-lock-on-lanes": 1094,
  "no-head-index-and-no-lock-on-lanes": 1094,
  "no-second-look-at-the-leases": 1041,
  "suspect-is-claimed-along-with-others": 2005,
  "rescue-locks-neither-the-leases-it-takes-nor-their-jobs": 2006,
  "settlement-does-not-lock-its-leases": 2010,
  "rest-of-a-run-stays-when-its-job-goes-back": 2009,
  "no-marker-after-a-cancelled-head": 2107,
  "commits-without-the-lease": 3001,
  "commit-fenced-by-the-job-alone": 3025,
  "commit-of-what-another-one-settles": 3001
}

const isFound = Effect.fnUntraced(function*(mutant: Mutant) {
  const context = yield* Effect.context<Seats.Services>()
  const check = (seed: number, runs: number) =>
    Effect.map(
      Arbitrary.checkEffect(
        historiesOf(mutant)(60),
        (commands) =>
          Commands.run(commands).pipe(
            Effect.exit,
            Effect.map(Exit.isSuccess),
            Effect.provideContext(context)
          ),
        { seed, runs, size: 300, maxShrinks: 0 }
      ),
      ({ _tag }) => _tag === "Falsified"
    )
  const first = firstSeeds[mutant.name]
  if (first !== undefined && (yield* check(first, 1))) return true
  return yield* check(seeds[mutant.name] ?? 7, 300)
})

describe("the histories notice that", () => {
  it.live.each(subjects)("$name", (mutant) =>
    Effect.gen(function*() {
      yield* InSchema.apply(mutant.changes)
      assert.isTrue(yield* isFound(mutant))
    }).pipe(Effect.provide(Layer.fresh(Seats.layer))), 180_000)
})
