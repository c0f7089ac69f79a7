/**
 * The properties notice what they are there for: each mechanism of the lane protocol is taken out
 * in turn, in a database of its own, and some history goes wrong.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Random } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as LaneMachine from "./LaneMachine.ts"
import * as Mutant from "./Mutant.ts"

const mutants: ReadonlyArray<Mutant.Mutant> = [
  {
    name: "no marker for new jobs",
    functions: ["announce"],
    from: "IF is_keyed THEN",
    to: "IF false THEN"
  },
  {
    name: "no marker for a job that comes back undone",
    functions: ["put_back", "give_back"],
    from: "PERFORM mark_lanes(",
    to: "PERFORM jsonb_build_array("
  },
  {
    name: "no marker for a job that comes due",
    functions: ["make_ready"],
    from: "FROM changed WHERE serialization_key IS NOT NULL",
    to: "FROM changed WHERE false"
  },
  {
    name: "an overtaken head keeps the head",
    functions: ["order_lanes"],
    from: "demoted := demote_heads(q, keys);",
    to: ""
  },
  {
    name: "a settled job takes the head with it",
    functions: ["pass_heads_on"],
    from: "make_heads(q, lanes) > 0",
    to: "false"
  },
  {
    name: "a job that waits for its next try does not hold its lane",
    functions: ["choose_heads"],
    from: "head.state IN ('ready', 'retry')",
    to: "head.state = 'ready'"
  },
  {
    name: "the rest of a run stays when its job goes back",
    functions: ["take_others"],
    from: "IF is_keyed AND cardinality(undone) > 0 THEN",
    to: "IF false THEN"
  },
  {
    name: "a claim does not look at the leases",
    functions: ["pick"],
    from: "NOT IN (SELECT unnest(leased))",
    to: "IS NOT NULL"
  },
  {
    name: "a settlement takes jobs that are not in its lease",
    functions: ["take_completed"],
    from: "INTERSECT SELECT unnest(l.job_ids)",
    to: ""
  }
]

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
  it.live.each(mutants)("$name", (mutant) =>
    Effect.andThen(Mutant.apply(mutant), isNoticed).pipe(
      Effect.map((noticed) => assert.isTrue(noticed)),
      Effect.provide(Layer.fresh(PgQueue.database))
    ), patience)

  it.live("nothing is wrong with the protocol as it is", () =>
    isNoticed.pipe(
      Effect.map((noticed) => assert.isFalse(noticed)),
      Effect.provide(Layer.fresh(PgQueue.database))
    ), patience)
})
