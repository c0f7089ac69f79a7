/**
 * Whatever producers, workers and accidents do, claims answer what the model answers.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as LaneMachine from "./LaneMachine.ts"

const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const commands = Schema.Array(Schema.Struct({
  op: Schema.Literals(LaneMachine.operations),
  who: upTo(2),
  key: upTo(3),
  priority: upTo(2)
})).check(Schema.isMaxLength(60))

// A failing run prints its seed: PGQ_SEED replays it. With the usual size, histories end at ten
// commands.
const seed = process.env.PGQ_SEED === undefined ? {} : { seed: Number(process.env.PGQ_SEED) }
const runs = Number(process.env.PGQ_RUNS ?? 50)

/** Each claim consumes the markers of one lane, as if there were always 200 more urgent ones. */
const narrow = {
  functions: ["claim"],
  from: "admit(busy, 200, is_careful)",
  to: "admit(busy, 1, is_careful)"
}

const narrowed = Layer.effectDiscard(InSchema.apply([narrow])).pipe(
  Layer.provideMerge(PgQueue.database)
)

layer(narrowed, { excludeTestServices: true, timeout: "1 minute" })("lanes", (it) => {
  it.effect.prop(
    "keep their order and lose nothing when each claim looks at one of them",
    { commands },
    ({ commands }) =>
      Effect.gen(function*() {
        const producers = yield* Effect.all([Session.open, Session.open, Session.open])
        const machine = yield* LaneMachine.make(producers, yield* Session.open, true)
        yield* Effect.forEach(commands, machine.step, { discard: true })
        yield* machine.finish
      }).pipe(Effect.scoped),
    { timeout: 300_000, arbitrary: { runs, size: 300, ...seed } }
  )
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("lanes", (it) => {
  it.effect.prop(
    "answer every claim as the model does, and end with nothing lost or stuck",
    { commands },
    ({ commands }) =>
      Effect.gen(function*() {
        const producers = yield* Effect.all([Session.open, Session.open, Session.open])
        const machine = yield* LaneMachine.make(producers, yield* Session.open)
        yield* Effect.forEach(commands, machine.step, { discard: true })
        yield* machine.finish
        const [{ heads } = { heads: 0 }] = yield* producers[0].sql<{ heads: number }>`
          SELECT count(*)::integer AS heads FROM (
            SELECT FROM pgq.jobs WHERE serialization_key IS NOT NULL AND state IN ('ready', 'retry')
            GROUP BY queue, serialization_key HAVING count(*) > 1
          ) AS lanes
        `
        assert.strictEqual(heads, 0)
      }).pipe(Effect.scoped),
    { timeout: 300_000, arbitrary: { runs, size: 300, ...seed } }
  )
})
