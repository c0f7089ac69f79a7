/**
 * Workers as parts of applications.
 *
 * Tests `src/layers/QueueLive.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgSchema from "../../../src/layers/postgres/PgSchema.ts"
import * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import { finishedAll, options, producer, start } from "../Live.ts"

const Greet = Job.make("greet", { payload: Schema.Unknown })
const Part = Job.make("part", { payload: Schema.Unknown })

const quiet = Layer.provide(Logger.layer([]))

layer(producer, options)("an application", (it) => {
  it.effect("has two queues, each with handlers of its own", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* queueName, yield* queueName]
      const ran: Array<string> = []
      const queue = (name: string, label: string) =>
        QueueLive.layer({ jobs: [Greet], queues: [name] }).pipe(
          Layer.provide(Greet.toLayer(() => void ran.push(label))),
          quiet
        )

      yield* Layer.build(Layer.merge(queue(one, "one"), queue(other, "other")))
      yield* enqueue(Greet, {}, { queue: one })
      yield* enqueue(Greet, {}, { queue: other })

      yield* finishedAll(one, 1)
      yield* finishedAll(other, 1)
      assert.deepStrictEqual(ran.toSorted(), ["one", "other"])
    }))

  it.effect("has queues on two schemas, each with a maintenance of its own", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* PgSchema.migrate({ schema: "second" })
      const ran: Array<string> = []
      const queue = (schema: string) =>
        QueueLive.layer({ jobs: [Greet], schema, queues: ["later"] }).pipe(
          Layer.provide(Greet.toLayer(() => void ran.push(schema))),
          quiet
        )

      yield* Layer.build(Layer.merge(queue("pgq"), queue("second")))
      for (const schema of ["pgq", "second"]) {
        yield* sql`
          INSERT INTO ${sql(`${schema}.jobs`)} (queue, name, run_at)
          VALUES ('later', 'greet', now() + interval '100 milliseconds')
        `
      }

      yield* eventually(
        Effect.sync(() => assert.deepStrictEqual(ran.toSorted(), ["pgq", "second"]))
      )
    }))

  it.effect("gives handlers what they need, and its parts several handlers", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      class Greeting extends Context.Service<Greeting, { readonly text: string }>()("Greeting") {}
      const ran: Array<string> = []
      const handlers = Layer.merge(
        Greet.toLayer(() => Greeting.useSync(({ text }) => void ran.push(text))),
        Part.toLayer((_, { signal }) => void ran.push(String(signal.aborted)))
      )

      yield* start(Layer.provide(handlers, Layer.succeed(Greeting, { text: "hello" })), {
        queues: [queue]
      })
      yield* enqueue(Greet, {}, { queue })
      yield* enqueue(Part, {}, { queue })

      yield* finishedAll(queue, 2)
      assert.deepStrictEqual(ran.toSorted(), ["false", "hello"])
    }))

  it.effect("waits for whatever a handler returns that can be waited for", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      let isDone = false
      // Query builders return such a value. It is no Promise, and it starts to work only when its
      // `then` is called.
      const query = {
        // oxlint-disable-next-line unicorn/no-thenable
        then: (resolve: (value: string) => void) => {
          setTimeout(() => {
            isDone = true
            resolve("rows")
          }, 20)
        }
      }
      yield* start(Greet.toLayer(() => query), { queues: [queue] })

      yield* enqueue(Greet, {}, { queue })

      yield* finishedAll(queue, 1)
      assert.isTrue(isDone)
    }))

  it.effect("runs no more jobs at once than it has workers, quick ones among slow ones", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      let running = 0
      let most = 0
      const slow = Effect.sync(() => {
        most = Math.max(most, ++running)
      }).pipe(
        Effect.andThen(Effect.sleep(Duration.millis(5))),
        Effect.ensuring(Effect.sync(() => running--))
      )
      const handlers = Part.toLayer((n) => Number(n) % 10 === 0 ? slow : undefined)
      yield* enqueueAll(Part, Array.from({ length: 300 }, (_, payload) => ({ payload, queue })))

      yield* start(handlers, { queues: [queue], workers: 3 })

      yield* finishedAll(queue, 300)
      assert.strictEqual(most, 3)
    }))

  it.effect("may not take a thread for hanging before anybody could see it stand still", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const withLimit = (hangLimit: Duration.Input) =>
        start(Layer.empty, { queues: [queue], lease: "15 seconds", hangLimit })

      const error = yield* Effect.flip(withLimit("2 seconds"))
      yield* withLimit("3 seconds")
      yield* withLimit(Duration.infinity)

      assert.deepInclude(error, { _tag: "SettingInvalid", setting: "hangLimit" })
    }))
})
