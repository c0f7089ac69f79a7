/**
 * Handlers hold every connection of their application. The worker lives on connections of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Latch, Schema, Scope } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import { queueName } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as BusyWorker from "./BusyWorker.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

const Hold = Job.make("hold", { payload: Schema.Finite })

layer(PgQueue.database, { excludeTestServices: true, concurrent: true, timeout: "1 minute" })(
  "handlers that hold all connections",
  (it) => {
    for (const pool of [1, 2, 10]) {
      it.effect(`of a pool of ${pool} have live workers`, () =>
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          const { url } = yield* TestDatabase
          const queue = yield* queueName
          const starts: Array<number> = []
          const handlers = Hold.toLayer((n) =>
            Effect.gen(function*() {
              starts.push(n)
              const own = yield* PgClient.PgClient
              // Longer than the worker trusts its leases.
              yield* own.withTransaction(own`SELECT pg_sleep(2.5)`)
            })
          )
          const options = {
            url,
            pool,
            queues: [queue],
            workers: 3 * pool,
            lease: "2 seconds"
          } as const
          const workers = [
            yield* ClosingWorker.worker(handlers, options),
            yield* ClosingWorker.worker(handlers, options)
          ]
          const count = 6 * pool
          yield* sql`
            INSERT INTO pgq.jobs (queue, name, payload, serialization_key)
            SELECT ${queue}, 'hold', to_jsonb(n), CASE WHEN n % 2 = 0 THEN 'key ' || n END
            FROM generate_series(1, ${count}) AS n
          `

          yield* BusyWorker.soon(
            Effect.map(
              sql`SELECT FROM pgq.finished_jobs WHERE queue = ${queue} AND outcome = 'completed'`,
              (rows) => assert.lengthOf(rows, count)
            )
          )
          assert.deepStrictEqual(
            starts.toSorted((a, b) => a - b),
            Array.from({ length: count }, (_, n) => n + 1)
          )
          assert.deepStrictEqual(workers.flatMap(({ lines }) => lines), [])
          for (const { scope } of workers) yield* ClosingWorker.closesInTime(scope, 0)
        }), 90_000)
    }

    it.effect("start jobs beside them, and record their ends", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { url } = yield* TestDatabase
        const queue = yield* queueName
        const mayEnd = yield* Latch.make()
        const hasBegun = yield* Latch.make()
        const handlers = Hold.toLayer((n) =>
          Effect.gen(function*() {
            if (n > 1) return
            const own = yield* PgClient.PgClient
            yield* own.withTransaction(Effect.andThen(hasBegun.open, mayEnd.await))
          })
        )
        const { scope } = yield* ClosingWorker.worker(handlers, { url, pool: 1, queues: [queue] })
        const add = (n: number) =>
          sql`
            INSERT INTO pgq.jobs (queue, name, payload)
            VALUES (${queue}, 'hold', ${String(n)}::jsonb)
          `

        yield* Effect.andThen(add(1), hasBegun.await)
        yield* add(2)
        yield* BusyWorker.soon(
          Effect.map(
            sql`SELECT FROM pgq.finished_jobs WHERE queue = ${queue} AND outcome = 'completed'`,
            (rows) => assert.lengthOf(rows, 1)
          )
        )
        yield* mayEnd.open
        yield* Scope.close(scope, Exit.void)
      }), 90_000)
  }
)
