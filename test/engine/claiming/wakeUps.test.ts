/**
 * How long a new job waits for an idle worker, for each way to add a job.
 *
 * Tests `src/layers/postgres/PgNotifier.ts` and `sql/0002_enqueue.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { queueName } from "../../Given.ts"
import { asleep, median, millis, options, producer, start } from "../Live.ts"

const Ping = Job.make("ping", { payload: Schema.Finite })

/** The four ways to add a job. Each effect adds one job and commits. */
const ways = {
  enqueue: (queue: string, n: number) => enqueue(Ping, n, { queue }),
  enqueueAll: (queue: string, n: number) => enqueueAll(Ping, [{ payload: n, queue }]),
  "a bare insert": (queue: string, n: number) =>
    PgClient.PgClient.use((sql) =>
      sql`INSERT INTO pgq.jobs (queue, name, payload) VALUES (${queue}, 'ping', ${
        String(n)
      }::jsonb)`
    ),
  "the SQL function": (queue: string, n: number) =>
    PgClient.PgClient.use((sql) =>
      sql`SELECT pgq.enqueue(name => 'ping', payload => ${String(n)}::jsonb, queue => ${queue})`
    )
}

layer(producer, options)("an idle worker", (it) => {
  for (const [way, add] of Object.entries(ways)) {
    it.effect(`starts a job at once that came by ${way}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const started = Array.from({ length: 20 }, () => Deferred.makeUnsafe<number>())
        const handlers = Ping.toLayer((n) =>
          Effect.flatMap(millis, (now) => Deferred.succeed(started[n]!, now))
        )
        yield* start(handlers, { queues: [queue] })

        const waits: Array<number> = []
        for (const [n, start] of started.entries()) {
          yield* asleep(queue)
          yield* add(queue, n)
          const committed = yield* millis
          waits.push((yield* Deferred.await(start)) - committed)
        }

        // Without a wake-up, a worker claims again 160 ms after it fell asleep, at the earliest.
        assert.isBelow(median(waits), 50)
        assert.isBelow(Math.max(...waits), 1000)
      }))
  }

  it.effect("hears of a job at the commit of a long transaction, not before", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const started = yield* Deferred.make<number>()
      const handlers = Ping.toLayer(() =>
        Effect.flatMap(millis, (now) => Deferred.succeed(started, now))
      )
      yield* start(handlers, { queues: [queue] })
      yield* asleep(queue)

      const early = yield* sql.withTransaction(Effect.gen(function*() {
        yield* enqueue(Ping, 0, { queue })
        return yield* Effect.timeoutOption(Deferred.await(started), "300 millis")
      }))
      const committed = yield* millis

      assert.strictEqual(early._tag, "None")
      assert.isBelow((yield* Deferred.await(started)) - committed, 1000)
    }))
})
