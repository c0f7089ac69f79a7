/**
 * The types of a test's queue. `tsc` checks this file: a line that should be an error and is not
 * fails `npm run check:code`.
 */
// No program in this file runs; only its type is checked.
// @effect-diagnostics floatingEffect:off missingLayerContext:off missingEffectError:off
import type { PgClient } from "@effect/sql-pg"
import { it } from "@effect/vitest"
import { type Effect, Exit, Layer, Schema } from "effect"
import { expectTypeOf } from "vitest"
import { Job, type JobAdmin, type JobControl, type JobRepo, QueueLive } from "../../src/index.ts"
import { TestQueue } from "../../src/testing.ts"

class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.String }) {}

const Greet = Job.make("greet", {
  payload: Schema.Struct({
    name: Schema.String.pipe(Schema.brand("Name")),
    at: Schema.Date,
    address: Schema.Struct({ street: Schema.String, tags: Schema.Array(Schema.String) })
  })
})
const Charge = Job.make("charge", {
  error: Declined,
  onError: { Declined: { _tag: "Fail" } }
})
const GreetLive = TestQueue.stub(Greet)

type Needs<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : "no layer"
type Gives<L> = L extends Layer.Layer<infer A, infer _E, infer _R> ? A : "no layer"
type Services = JobAdmin | JobControl | JobRepo | TestQueue.TestQueue

const run = (layer: Layer.Layer<never, unknown>) => layer

it("a test's queue needs the handlers of its kinds, and a database where it has one", () => {
  const memory = TestQueue.layer({ jobs: [Greet, Charge] })
  const postgres = TestQueue.postgres({ jobs: [Greet] })
  const bare = TestQueue.postgres({ schema: "mine" })
  expectTypeOf<Needs<typeof memory>>()
    .toEqualTypeOf<Job.Handler<"greet"> | Job.Handler<"charge">>()
  expectTypeOf<Needs<typeof postgres>>()
    .toEqualTypeOf<Job.Handler<"greet"> | PgClient.PgClient>()
  expectTypeOf<Gives<typeof memory>>().toEqualTypeOf<Services>()
  expectTypeOf<Gives<typeof postgres>>().toEqualTypeOf<Services>()
  expectTypeOf(TestQueue.layer()).toEqualTypeOf<Layer.Layer<Services>>()
  expectTypeOf<Needs<typeof bare>>().toEqualTypeOf<PgClient.PgClient>()
  // @ts-expect-error
  run(TestQueue.layer({ jobs: [Greet] }))
  run(Layer.provide(TestQueue.layer({ jobs: [Greet] }), GreetLive))
  // @ts-expect-error
  TestQueue.layer({ jobs: [Greet, Greet] })
  // @ts-expect-error
  TestQueue.layer({ jobs: [] })
})

it("a test's queue in memory beside the queue of the application needs a database", () => {
  const memory = Layer.provide(TestQueue.layer({ jobs: [Greet] }), GreetLive)
  const live = Layer.provide(QueueLive.layer({ jobs: [Greet], workers: 1 }), GreetLive)
  run(memory)
  // @ts-expect-error
  run(Layer.merge(memory, live))
  // @ts-expect-error
  run(Layer.provideMerge(memory, live))
  // @ts-expect-error
  run(Layer.provideMerge(live, memory))
  // @ts-expect-error
  run(Layer.merge(memory, QueueLive.client()))
  expectTypeOf<Needs<ReturnType<typeof QueueLive.client>>>().toEqualTypeOf<PgClient.PgClient>()
})

it("an expectation fits the payload of its kind", () => {
  const at = new Date(0)
  TestQueue.assertEnqueued(Greet, { payload: { at }, key: "k", within: "1 hour" })
  TestQueue.assertEnqueued(Greet, { payload: { address: { street: "Main" } } })
  TestQueue.refuteEnqueued(Charge)
  // A field that the payload lacks.
  // @ts-expect-error
  TestQueue.assertEnqueued(Greet, { payload: { street: "Main" } })
  // @ts-expect-error
  TestQueue.refuteEnqueued(Greet, { payload: { address: { town: "Ulm" } } })
  // A value of another type: payloads are compared decoded.
  // @ts-expect-error
  TestQueue.assertEnqueued(Greet, { payload: { at: "1970-01-01" } })
  // @ts-expect-error
  TestQueue.assertEnqueued(Charge, { payload: {} })
  // @ts-expect-error
  TestQueue.assertEnqueued(Greet, { delay: "1 hour" })
})

it("a run is one of its kind", () => {
  const name = Schema.String.pipe(Schema.brand("Name")).make("Ada")
  TestQueue.perform(Greet, { name, at: new Date(0), address: { street: "Main", tags: [] } })
  TestQueue.perform(Charge, undefined, { attempt: 2 })
  // @ts-expect-error
  TestQueue.perform(Greet, { name })
  // @ts-expect-error
  TestQueue.perform(Charge, { name })
  // @ts-expect-error
  TestQueue.drain({ onFailure: "ignore" })
})

it("a handler that only answers fails with the errors of its kind", () => {
  expectTypeOf(GreetLive).toEqualTypeOf<Layer.Layer<Job.Handler<"greet">>>()
  TestQueue.stub(Charge, Exit.fail(new Declined({ code: "51" })))
  TestQueue.stub(Charge, Exit.die("out of memory"))
  // @ts-expect-error
  TestQueue.stub(Charge, Exit.fail("declined"))
})

it("payloads are decoded where the kind is named", () => {
  expectTypeOf<Answer<ReturnType<typeof TestQueue.enqueued<typeof Greet.payload>>>>()
    .toEqualTypeOf<ReadonlyArray<TestQueue.QueuedJob<typeof Greet.payload["Type"]>>>()
})

type Answer<E> = E extends Effect.Effect<infer A, infer _E, infer _R> ? A : "no Effect"
