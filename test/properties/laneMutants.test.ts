/**
 * The properties notice what they are there for: each mechanism of the lane protocol is taken out
 * in turn, in a database of its own, and some history goes wrong.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Random } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import { foundBy } from "../mutants/mutants.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as LaneMachine from "./LaneMachine.ts"

const subjects = foundBy("lanes")

// Few lanes and much traffic on them: what is rare in a calm queue is common here.
const busy = [
  ...LaneMachine.operations,
  ...["insert", "insert", "claim", "claim", "release"] as const
]

const below = (bound: number) => Random.nextIntBetween(0, bound, { halfOpen: true })

const history = Effect.fnUntraced(function*(length: number) {
  const commands: Array<LaneMachine.Command> = []
  while (commands.length < length) {
    commands.push({
      op: busy[yield* below(busy.length)]!,
      who: yield* below(3),
      key: yield* below(2),
      priority: yield* below(3)
    })
  }
  return commands
})

/** Whether any of the seeded histories goes wrong. */
const isNoticed = Effect.gen(function*() {
  for (let seed = 1; seed <= 40; seed++) {
    const exit = yield* Effect.gen(function*() {
      const producers = yield* Effect.all([Session.open, Session.open, Session.open])
      const machine = yield* LaneMachine.make(producers, yield* Session.open)
      yield* Effect.forEach(yield* history(120), machine.step, { discard: true })
      yield* machine.finish
    }).pipe(Effect.scoped, Random.withSeed(seed), Effect.exit)
    if (Exit.isFailure(exit)) return true
  }
  return false
})

const patience = 120_000

describe("the lane properties notice that", () => {
  it.live.each(subjects)(
    "$name",
    (mutant) =>
      Effect.andThen(InSchema.apply(mutant.changes), isNoticed).pipe(
        Effect.map((noticed) => assert.isTrue(noticed)),
        Effect.provide(Layer.fresh(PgQueue.database))
      ),
    patience
  )

  it.live("nothing is wrong with the protocol as it is", () =>
    isNoticed.pipe(
      Effect.map((noticed) => assert.isFalse(noticed)),
      Effect.provide(Layer.fresh(PgQueue.database))
    ), patience)
})
