/**
 * A worker starts only with exactly one handler for each of its kinds of jobs.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Schema } from "effect"
import { defaults } from "../../src/domain/JobKind.ts"
import * as Handler from "../../src/layers/job/Handler.ts"
import { call } from "../../src/layers/job/HandlerCall.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as JobScript from "../../src/layers/job/JobScript.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as SomeHandlers from "../support/SomeHandlers.ts"

const Tick = Job.make("tick")
const TickLive = Tick.toLayer(() => undefined)

/**
 * The reason why a worker does not start with these `jobs`, which a caller in JavaScript may have
 * passed.
 */
const refusal = (jobs: unknown, handlers = TickLive) =>
  Layer.build(MemoryQueue.layer<[typeof Tick]>(JSON.parse(JSON.stringify({ jobs })))).pipe(
    Effect.provide(handlers),
    Effect.flip,
    Effect.map(({ message }) => message),
    Effect.scoped
  )

const wrong: ReadonlyArray<readonly [what: string, jobs: unknown, issue: string]> = [
  ["no list", undefined, "jobs: a worker needs a list of kinds of jobs"],
  ["a name", "tick", "jobs: a worker needs a list of kinds of jobs"],
  ["no kinds", [], "jobs: a worker needs at least one kind of job"],
  ["names", ["tick"], "jobs: it holds a value that is not a kind of job"],
  ["nothing", [null], "jobs: it holds a value that is not a kind of job"],
  ["a kind without a name", [{}], "jobs: it holds a value that is not a kind of job"],
  ["an empty name", [{ name: "" }], "jobs: a name is empty"],
  [
    "a long name",
    [{ name: "é".repeat(65) }],
    `jobs: "${"é".repeat(65)}" has 130 bytes; at most 128 fit`
  ],
  [
    "a NUL",
    [{ name: "a\0" }],
    "jobs: \"a\0\" contains a NUL character, which PostgreSQL cannot store"
  ],
  ["a kind twice", [Tick, Tick], "jobs: two kinds of jobs are named \"tick\""],
  [
    "a kind without a handler",
    [Tick, Job.make("tock")],
    "jobs: \"tock\" has no handler; provide the layer that its toLayer makes"
  ]
]

describe("a worker", () => {
  it.effect.each(wrong)("is refused %s", ([, jobs, issue]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refusal(jobs), issue)
    }))

  it.effect("is refused two handlers of one kind, and two kinds of one name", () =>
    Effect.gen(function*() {
      const issue = "jobs: two handlers for \"tick\""
      const other = Job.make("tick", { payload: Schema.Finite }).toLayer((n) => n)
      assert.strictEqual(
        yield* refusal([Tick], Layer.merge(TickLive, Tick.toLayer(() => 1))),
        issue
      )
      assert.strictEqual(yield* refusal([Tick], Layer.merge(other, TickLive)), issue)
    }))

  it.effect("is refused a kind whose options cannot work", () =>
    Effect.gen(function*() {
      const Render = Job.make("render", { timeout: 0 })
      const issue = "its timeout is not a duration that is more than 0 and ends"
      const sentence = `the kind "render" cannot work: ${issue}`

      const { message } = yield* Effect.flip(Handler.of([Render]))
      const { issues, queue } = yield* JobScript.setup
      queue.handle(Render, () => undefined)

      assert.strictEqual(message, `jobs: ${sentence}`)
      assert.deepStrictEqual(yield* issues, [sentence])
    }).pipe(Effect.provide(Job.make("render").toLayer(() => undefined))))

  it.effect("takes one layer that is provided twice, and handlers of other kinds", () =>
    Effect.gen(function*() {
      const likeTick = Array.from({ length: 9 }, (_, n) => Job.make(`tick/${n}`))
      const others = Layer.mergeAll(
        Job.make("tock").toLayer(() => undefined),
        ...likeTick.map((kind) => kind.toLayer(() => undefined))
      )
      yield* Layer.build(MemoryQueue.layer({ jobs: [Tick] })).pipe(
        Effect.provide(Layer.mergeAll(TickLive, others, Layer.fresh(TickLive)))
      )
    }).pipe(Effect.scoped))
})

describe("handlers without names", () => {
  it.effect("are collected, and work under their names", () =>
    Effect.gen(function*() {
      const tock = Job.make("tock", { maxAttempts: 3 }).toLayer(() => undefined)
      const [first, ...others] = yield* Handler.collect(Layer.merge(TickLive, tock))
      const { jobs, layer } = SomeHandlers.named([first!, ...others])

      assert.sameMembers(jobs.map(({ name }) => name), ["tick", "tock"])
      yield* Layer.build(Layer.provide(MemoryQueue.layer({ jobs }), layer))
    }).pipe(Effect.scoped))
})

describe("a job script", () => {
  it("may have handlers of a copy of pgq whose policies say less", () => {
    const policy = JSON.parse("{\"maxAttempts\": 3}")
    const handlers = Handler.byName([{ name: "tick", policy, run: () => Effect.void }])

    assert.deepStrictEqual(handlers.find("tick")?.policy, { ...defaults, maxAttempts: 3 })
  })
})

// Effect has no public way to tell whether an Effect can be run, so pgq relies on a private
// property.
describe("an Effect that a handler returns", () => {
  const typeId = "~effect/Effect"

  it.effect("is run, however it was made", () =>
    Effect.gen(function*() {
      const made = [
        Effect.succeed(1),
        Effect.sync(() => 1),
        Effect.suspend(() => Effect.succeed(1)),
        Effect.gen(function*() {
          const one = yield* Effect.succeed(1)
          return one
        }),
        Effect.promise(() => Promise.resolve(1)),
        Effect.as(Effect.yieldNow, 1)
      ]
      const given = { context: yield* Effect.context<never>(), own: [], isTransactional: false }
      for (const effect of made) {
        assert.property(effect, typeId)
        assert.strictEqual(yield* call(() => effect, given), 1)
      }
    }))

  it.effect("only to look like one ends the run, and not the worker", () =>
    Effect.gen(function*() {
      const given = { context: yield* Effect.context<never>(), own: [], isTransactional: false }
      const exit = yield* Effect.exit(call(() => ({ [typeId]: typeId }), given))
      assert(Exit.isFailure(exit))
      assert.match(Cause.pretty(exit.cause), /an Effect that cannot be run was returned/)
    }))
})
