/**
 * Jobs that their handlers complete by hand, in a transaction of the handler's own.
 *
 * Tests `src/layers/postgres/PgTransactions.ts` and `src/layers/worker/Completing.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import type * as LogLines from "../../support/LogLines.ts"
import * as Session from "../../support/Session.ts"
import { options, start } from "../Live.ts"
import { database, notes, Payload, type Services } from "./Transactional.ts"

layer(database, options)("a job that is completed by hand", (it) => {
  const Charge = Job.make("charge", {
    payload: Payload,
    success: Schema.Finite,
    backoffBase: "1 milli"
  })

  it.effect("ends with the commit, and a later failure of its handler is only logged", () =>
    Effect.gen(function*() {
      const lines: Array<LogLines.LogLine> = []
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      let runs = 0
      yield* start(
        Charge.toLayer(({ n, queue }, job) =>
          Effect.gen(function*() {
            runs++
            yield* sql.withTransaction(Effect.andThen(
              sql`INSERT INTO effects (queue, n) VALUES (${queue}, ${n})`,
              job.complete(n)
            ))
            return yield* Effect.fail("too late")
          })
        ),
        { queues: [queue], lines }
      )

      const id = yield* enqueue(Charge, { queue, n: 5 }, { queue })
      const result = yield* Job.await(Charge, id, { timeout: "20 seconds" })
      yield* eventually(
        Effect.sync(() =>
          assert.include(lines.map(({ fields }) => fields["event"]), "job.failed-late")
        )
      )

      assert.deepStrictEqual([result, runs, yield* notes(queue)], [5, 1, [5]])
    }))

  it.effect("outside of a transaction, or twice in one, fails and completes nothing", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const errors: Array<string> = []
      yield* start(
        Charge.toLayer((_, job) =>
          Effect.gen(function*() {
            const outside = yield* Effect.flip(job.complete(1))
            const again = yield* Effect.flip(
              sql.withTransaction(Effect.andThen(job.complete(2), job.complete(3)))
            )
            errors.push(outside._tag, again.message)
            return 4
          })
        ),
        { queues: [queue] }
      )

      const id = yield* enqueue(Charge, { queue, n: 5 }, { queue })
      const result = yield* Job.await(Charge, id, { timeout: "20 seconds" })

      assert.strictEqual(result, 4)
      assert.deepStrictEqual(errors, [
        "NotInTransaction",
        `complete: this transaction completes job ${id} already`
      ])
    }))

  it.effect("by a transaction that loses the job is not settled by its handler's end", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const context = yield* Effect.context<Services>()
      let runs = 0
      yield* start(
        Charge.toLayer((_, job) =>
          Effect.gen(function*() {
            const isFirst = ++runs === 1
            const other = yield* Session.open
            yield* Effect.exit(sql.withTransaction(Effect.gen(function*() {
              yield* job.complete(1)
              if (isFirst) yield* other.sql`DELETE FROM pgq.leases WHERE ${job.id} = ANY (job_ids)`
            })))
            return 2
          }).pipe(Effect.scoped, Effect.provideContext(context))
        ),
        { queues: [queue] }
      )

      const id = yield* enqueue(Charge, { queue, n: 5 }, { queue })
      const exit = yield* Effect.exit(Job.await(Charge, id, { timeout: "20 seconds" }))

      assert.deepStrictEqual([exit, runs], [Exit.succeed(1), 2])
    }))
})
