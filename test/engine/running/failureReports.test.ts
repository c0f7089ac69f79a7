/**
 * The reports of failures, from a worker that fails to one that reports.
 *
 * Tests `sql/0021_failure_reports.sql` and `src/layers/postgres/PgRoles.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Redacted } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { storeError } from "../../../src/layers/postgres/PgError.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Roles from "../../support/Roles.ts"
import { options, start } from "../Live.ts"

const clientOf = (url: string) => PgClient.layer({ url: Redacted.make(url) })

layer(Postgres.layer, options)("a role of a worker", (it) => {
  it.effect("adds the reports of failures, and no other jobs", () =>
    Effect.gen(function*() {
      const { as, schema, url } = yield* Roles.make
      const reported = yield* Deferred.make<string>()
      const Report = Job.make("report", { payload: Job.FailedJob })
      const Failing = Job.make("failing", { maxAttempts: 1, onFailed: Report })
      const handlers = Layer.merge(
        Failing.toLayer(() => Effect.fail("no luck")),
        Report.toLayer(({ error = "" }) => Deferred.succeed(reported, error))
      )
      const worker = yield* Layer.build(clientOf(url("worker")))
      yield* start(handlers, { schema }).pipe(Effect.provideContext(worker))
      const producer = yield* as("producer")
      yield* producer`INSERT INTO ${producer(`${schema}.jobs`)} (name) VALUES ('failing')`

      assert.include(yield* Deferred.await(reported), "no luck")
      const sql = yield* as("worker")
      const add = sql`INSERT INTO ${sql(`${schema}.jobs`)} (name, priority) VALUES ('task', 1)`
      assert.isTrue(storeError("")(yield* Effect.flip(add)).code === "42501")
    }))
})
