/**
 * Runs that report after their lease has ended.
 *
 * Tests `sql/0019_progress.sql` and `src/layers/worker/Reports.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import * as LogLines from "../../support/LogLines.ts"
import { options, producer, start } from "../Live.ts"

const Import = Job.make("import")

const progressOf = Effect.fnUntraced(function*(id: bigint) {
  const sql = yield* PgClient.PgClient
  return yield* sql<{ fraction: number; data: unknown }>`
    SELECT fraction, data FROM pgq.progress WHERE job_id = ${id}
  `
})

layer(producer, options)("a run that reports progress", (it) => {
  it.effect("has it in the database until the run has ended and maintenance has looked", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const goOn = yield* Deferred.make<void>()
      yield* start(
        Import.toLayer((_, job) => {
          job.progress(0.4, { row: 400 })
          return Deferred.await(goOn)
        }),
        { queues: [queue] }
      )
      const id = yield* enqueue(Import, undefined, { queue })

      yield* eventually(Effect.gen(function*() {
        assert.deepStrictEqual(yield* progressOf(id), [{ fraction: 0.4, data: { row: 400 } }])
      }))
      const [why] = yield* sql<{ detail: string }>`SELECT detail FROM pgq.why(${id})`
      assert.match(why!.detail, / runs it; 40 % of it is done$/)
      yield* sql`SELECT pgq.forget()`
      assert.lengthOf(yield* progressOf(id), 1)

      yield* Deferred.succeed(goOn, undefined)
      yield* eventually(Effect.gen(function*() {
        yield* sql`SELECT pgq.forget()`
        assert.deepStrictEqual(yield* progressOf(id), [])
      }))
    }))

  it.effect("whose job is another worker's changes nothing, and is stopped", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const lines: Array<LogLines.LogLine> = []
      const begun = yield* Deferred.make<Parameters<Parameters<typeof Import.toLayer>[0]>[1]>()
      const stopped = yield* Deferred.make<string | undefined>()
      // Long enough that no renewal compares the leases.
      yield* start(
        Import.toLayer((_, job) =>
          Effect.andThen(Deferred.succeed(begun, job), Effect.never).pipe(
            Effect.onExit((exit) =>
              Deferred.succeed(
                stopped,
                exit._tag === "Failure" ? Job.interruption(exit.cause)?.why : undefined
              )
            )
          )
        ),
        { queues: [queue], lease: "10 minutes", lines }
      )
      const id = yield* enqueue(Import, undefined, { queue })
      const job = yield* Deferred.await(begun)
      const [next] = yield* sql<{ id: string }>`
        WITH gone AS (DELETE FROM pgq.leases WHERE queue = ${queue} RETURNING *)
        INSERT INTO pgq.leases (worker_id, queue, job_ids)
        SELECT gen_random_uuid(), queue, job_ids FROM gone RETURNING id::text
      `
      const reports = JSON.stringify([{ lease: next!.id, id: String(id), fraction: 0.1 }])
      yield* sql`SELECT * FROM pgq.report(${reports}::jsonb)`

      job.progress(0.9)

      assert.strictEqual(yield* Deferred.await(stopped), "lost")
      assert.deepStrictEqual(yield* progressOf(id), [{ fraction: 0.1, data: null }])
      yield* LogLines.first(lines, /interrupted job \d+ \(import\): no longer leased/)
    }))
})
