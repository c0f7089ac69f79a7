/**
 * Handlers that wait for jobs.
 *
 * Tests `src/services/OwnJobs.ts` and `src/domain/OwnJob.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Schema, Stream } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import type { JobControl } from "../../../src/services/JobControl.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import { OwnJobs } from "../../../src/services/OwnJobs.ts"
import { queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options, start } from "../Live.ts"

const Part = Job.make("part", { payload: Schema.Finite, success: Schema.Finite })
const PartLive = Part.toLayer((n) => n * 2)

const Asks = Schema.Literals(["run", "all", "first", "own", "observe", "forked"])
const Whole = Job.make("whole", {
  payload: Schema.Struct({ ask: Asks, partKey: Schema.String }),
  success: Schema.String
})

/** The answer to a handler that waits in this way. */
const asking = Effect.fnUntraced(function*(
  { ask, partKey }: { readonly ask: typeof Asks.Type; readonly partKey: string },
  queue: string,
  own: bigint
) {
  const add = enqueue(Part, 1, { queue, key: partKey })
  switch (ask) {
    case "run":
      return yield* Job.run(Part, 1, { queue, key: partKey, timeout: "20 seconds" })
    case "all": {
      const [exit] = yield* Job.awaitAll(Part, [yield* add], { timeout: "20 seconds" })
      return yield* exit!
    }
    case "first":
      return yield* (yield* Job.awaitFirst(Part, [yield* add])).exit
    case "own":
      return yield* Job.await(Whole, own, { timeout: "20 seconds" })
    case "observe":
      return yield* Stream.runDrain(Job.observe(Part, yield* add))
    case "forked":
      return yield* Fiber.join(yield* Effect.forkChild(Job.await(Part, yield* add)))
  }
})

const wholeOf = (queue: string) =>
  Whole.toLayer((given, { id }) =>
    Effect.match(asking(given, queue, id), {
      onFailure: (error) => typeof error === "object" ? `${error._tag}: ${error.message}` : error,
      onSuccess: (value) => `value ${String(value)}`
    })
  )

const live = Effect.fnUntraced(function*(queue: string) {
  const services = yield* Effect.context<JobControl | JobRepo>()
  yield* start(
    Layer.provide(Layer.merge(PartLive, wholeOf(queue)), Layer.succeedContext(services)),
    { queues: [queue], workers: 4 }
  )
})

layer(PgQueue.layer, options)("a handler that waits", (it) => {
  it.effect("for a job of its own key is told so at once, in whatever way it waits", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* live(queue)

      for (const ask of Asks.literals) {
        const told = yield* Job.run(Whole, { ask, partKey: "k" }, { queue, key: "k" })
        assert.match(told, /^AwaitWouldBlock: the handler would wait for ever: job \d+ is its own/)
      }
    }))

  it.effect("for a job of another key is answered", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* live(queue)

      for (const ask of ["run", "all", "first", "forked"] as const) {
        const told = yield* Job.run(Whole, { ask, partKey: "other" }, { queue, key: "k" })
        assert.strictEqual(told, "value 2")
      }
    }))

  it.effect("is told of a job that comes behind its own only later", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const id = yield* enqueue(Part, 1, { queue, key: "other" })
      const waiting = yield* Effect.forkChild(
        Effect.exit(Job.await(Part, id)).pipe(
          Effect.provideService(OwnJobs, [{ id: 1n, queue, key: "k", isRunning: true }])
        )
      )
      // The two share their looks, so both have had some.
      yield* Effect.flip(Job.await(Part, id, { timeout: "100 millis" }))
      assert.isUndefined(waiting.pollUnsafe())

      yield* sql`UPDATE pgq.jobs SET serialization_key = 'k' WHERE id = ${id}`

      const exit = yield* Fiber.join(waiting)
      assert.isTrue(Exit.isFailure(exit) && String(exit.cause).includes("AwaitWouldBlock"))
    }))
})
