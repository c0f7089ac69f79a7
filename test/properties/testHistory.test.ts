/**
 * The queue of a test is the same in memory and on PostgreSQL: whatever a test does with it, it
 * sees the same runs and the same answers, and the queues end in the same state.
 *
 * `PGQ_RUNS` sets the number of histories (20 by default), and `PGQ_SEED` draws the same ones
 * again. A failure prints the shortest history found and a replay text for `PGQ_REPLAY`.
 */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import * as TestQueue from "../../src/layers/TestQueue.ts"
import * as Postgres from "../support/Postgres.ts"
import * as TestHistory from "./TestHistory.ts"

const { PGQ_REPLAY, PGQ_RUNS, PGQ_SEED } = process.env
const arbitrary = {
  runs: Number(PGQ_RUNS ?? 20),
  size: 300,
  maxShrinks: 200,
  ...(PGQ_SEED === undefined ? {} : { seed: Number(PGQ_SEED) }),
  ...(PGQ_REPLAY === undefined ? {} : { replay: PGQ_REPLAY })
}

const { handlers, jobs } = TestHistory
const schema = "pgq_history"

class Both extends Context.Service<Both, {
  readonly memory: Context.Context<TestQueue.Services>
  readonly postgres: Context.Context<TestQueue.Services>
}>()("pgq/test/Both") {
  static readonly layer = Layer.effect(
    Both,
    Effect.all({
      memory: Layer.build(
        TestQueue.layer({ jobs }).pipe(
          Layer.provide(handlers),
          Layer.provide(MemoryQueue.client)
        )
      ),
      postgres: Layer.build(
        TestQueue.postgres({ jobs, schema }).pipe(
          Layer.provide(handlers),
          Layer.provide(QueueLive.client({ schema }))
        )
      )
    })
  ).pipe(Layer.provide(Postgres.layer))
}

layer(Both.layer, { timeout: "1 minute" })("the queues of a test", (it) => {
  it.effect.prop(
    "end in the same state after the same history",
    { commands: TestHistory.ofLength(40) },
    Effect.fnUntraced(function*({ commands }) {
      const { memory, postgres } = yield* Both
      const inMemory = yield* Effect.provideContext(TestHistory.follow(commands), memory)
      const onPostgres = yield* Effect.provideContext(TestHistory.follow(commands), postgres)

      const at = inMemory.findIndex((line, nth) => line !== onPostgres[nth])
      assert(at < 0, `in memory "${inMemory[at]}", on PostgreSQL "${onPostgres[at]}"`)
      assert.strictEqual(onPostgres.length, inMemory.length)
    }),
    { timeout: 300_000, arbitrary }
  )
})
