/**
 * Healing finds the lanes whose markers were lost, and marks no other lane.
 *
 * Tests `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, enqueue, queueName, runAll, settle, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { finishedAll, options, start } from "../Live.ts"

const heal = Effect.map(Scheduler.use((scheduler) => scheduler.heal), ({ healed }) => healed)
const lose = PgClient.PgClient.use((sql) => sql`TRUNCATE pgq.dirty_lanes`)

layer(PgQueue.layer, options)("a lane whose marker is lost", (it) => {
  it.effect("is claimed again, and others are left alone", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "held", key: "running" }, { key: "running" })
      yield* claim({ queue, worker })
      yield* enqueue(queue, { name: "lost", key: "lost" }, { name: "lost", key: "lost" })
      yield* lose

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      assert.strictEqual(yield* heal, 1)
      assert.strictEqual(yield* heal, 0)
      assert.deepStrictEqual(yield* runAll({ queue, worker }), ["lost", "lost"])
    }))

  it.effect("is put in order, where its head was overtaken", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { name: "head", key: "k" })
      const claimed = yield* claim({ queue, worker })
      yield* settle(claimed, Settlement.Released())
      yield* lose
      yield* enqueue(queue, { name: "urgent", key: "k", priority: 1 })
      yield* lose

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      assert.strictEqual(yield* heal, 1)
      assert.deepStrictEqual(yield* runAll({ queue, worker }), ["urgent", "head"])
    }))

  it.effect("is not marked again and again while nobody claims", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      for (const priority of [0, 2, 1]) yield* enqueue(queue, { key: "k", priority })

      assert.strictEqual(yield* heal, 0)
    }))

  it.effect("is not marked again while somebody holds its first job", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [id] = yield* enqueue(queue, { key: "k" })
      const person = yield* Session.open
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET payload = '{"n": 1}' WHERE id = ${id!}`

      assert.deepStrictEqual(yield* claim({ queue, worker }), [])
      assert.strictEqual(yield* heal, 0)
      yield* person.rollback
      assert.lengthOf(yield* claim({ queue, worker }), 1)
    }))

  it.effect("runs within seconds", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const Task = Job.make("greet", { payload: Schema.Struct({}) })
      for (const key of ["a", "b", "c"]) yield* enqueue(queue, { key, payload: "{}" }, { key })
      yield* lose
      yield* start(Task.toLayer(() => Effect.void), { queues: [queue] })

      yield* finishedAll(queue, 6)
    }))
})
