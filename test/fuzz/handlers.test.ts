/**
 * Handlers that throw, fail with, reject with or return any value. Each of their jobs ends, the
 * jobs beside it end as well, and each failure is stored as text.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import { finished, options, producer, start, unfinished } from "../engine/Live.ts"
import { eventually, queueName } from "../Given.ts"
import { returns, values } from "./corpus/outcomes.ts"

type Handler = () => unknown

const throwing = (make: () => unknown): Handler => () => {
  throw make()
}

/** Every way in which a handler can end with a value. */
const waysOf: Readonly<Record<string, (make: () => unknown) => Handler>> = {
  "throws": throwing,
  "fails with": (make) => () => Effect.fail(make()),
  "dies of": (make) => () => Effect.die(make()),
  "rejects with": (make) => () => Promise.reject(make()),
  "returns": (make) => make,
  "resolves with": (make) => () => Promise.resolve(make())
}

const run = Effect.fnUntraced(function*(handlers: ReadonlyMap<string, Handler>) {
  const sql = yield* PgClient.PgClient
  const queue = yield* queueName
  const kinds = Array.from(handlers, ([name, handler]) => {
    const kind = Job.make(name, { payload: Schema.Unknown, maxAttempts: 1 })
    return { kind, layer: kind.toLayer(handler) }
  })
  yield* Effect.forEach(kinds, ({ kind }) => enqueue(kind, {}, { queue }), {
    concurrency: "unbounded"
  })
  const [first, ...others] = kinds.map(({ layer }) => layer)
  yield* start(Layer.mergeAll(first!, ...others), { queues: [queue] })
  yield* eventually(Effect.map(unfinished(queue), (jobs) => {
    assert.deepStrictEqual(jobs.map(({ name, state }) => `${name}: ${state}`), [])
  }))
  const jobs = yield* finished(queue)
  const errors = yield* sql<{ bytes: number }>`
    SELECT octet_length(error) AS bytes FROM pgq.finished_jobs
    WHERE queue = ${queue} AND outcome <> 'completed'
  `
  for (const { bytes } of errors) {
    assert.isAtLeast(bytes, 1)
    assert.isAtMost(bytes, 8192)
  }
  return new Map(jobs.map(({ name, outcome }) => [name, outcome]))
})

layer(producer, options)("a handler", (it) => {
  for (const [way, handlerOf] of Object.entries(waysOf)) {
    it.effect(`that ${way} anything ends its job`, () =>
      Effect.gen(function*() {
        const handlers = Object.entries(values).map(([what, make]) =>
          [what, handlerOf(make)] as const
        )
        const outcomes = yield* run(new Map(handlers))
        const isFine = way.startsWith("re") && way !== "rejects with"
        for (const [what, outcome] of outcomes) {
          if (isFine) continue
          assert.strictEqual(outcome, "failed", what)
        }
      }))
  }

  it.effect("that returns what looks like a promise or an Effect ends its job", () =>
    Effect.gen(function*() {
      const outcomes = yield* run(new Map(Object.entries(returns)))
      assert.strictEqual(outcomes.get("a promise of undefined"), "completed")
      assert.strictEqual(outcomes.get("an Effect that dies of nothing"), "failed")
      assert.strictEqual(outcomes.get("an Effect with an empty cause"), "failed")
      assert.strictEqual(outcomes.get("an Effect of a rejected promise"), "failed")
      assert.strictEqual(outcomes.get("an Effect that goes on with a number"), "failed")
      assert.strictEqual(outcomes.get("an Effect that waits and goes on with nothing"), "failed")
      assert.strictEqual(outcomes.get("a deep Effect"), "completed")
    }))
})
