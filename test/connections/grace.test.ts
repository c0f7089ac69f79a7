/**
 * A worker without grace waits for no run, but records the runs that have ended.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Latch, Schema, Scope } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import { queueName } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

const Task = Job.make("task", { payload: Schema.Finite })

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })(
  "a worker without grace",
  (it) => {
    it.effect("records the jobs that have ended", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { url } = yield* TestDatabase
        const queue = yield* queueName
        const hasRun = yield* Latch.make()
        const { lines, scope } = yield* ClosingWorker.worker(Task.toLayer(() => hasRun.open), {
          url,
          pool: 1,
          queues: [queue],
          grace: 0
        })

        yield* sql`INSERT INTO pgq.jobs (queue, name, payload) VALUES (${queue}, 'task', '1')`
        yield* hasRun.await
        yield* Scope.close(scope, Exit.void)

        const ends = yield* sql`SELECT outcome FROM pgq.finished_jobs WHERE queue = ${queue}`
        assert.deepStrictEqual(ends, [{ outcome: "completed" }])
        assert.deepStrictEqual(lines, [])
      }), 60_000)
  }
)
