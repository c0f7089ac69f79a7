/**
 * The queue of a test on PostgreSQL: its schema lives as long as the test.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import * as TestQueue from "../../src/layers/TestQueue.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import * as Postgres from "../support/Postgres.ts"

const Tick = Job.make("tick")

const schemas = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ name: string }>`
    SELECT nspname AS name FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' OR nspname LIKE 'pgq\_%'
  `
  return rows.map(({ name }) => name).filter((name) =>
    !["public", "information_schema"].includes(name)
  )
})

layer(Postgres.layer, { timeout: "60 seconds" })("the queue of a test on PostgreSQL", (it) => {
  it.effect("has a schema of its own, which goes with it", () =>
    Effect.gen(function*() {
      const during = yield* Effect.andThen(enqueue(Tick), schemas).pipe(
        Effect.provide(TestQueue.postgres())
      )

      assert.match(during.join(), /^pgq_test_[0-9a-f]{16}$/)
      assert.deepStrictEqual(yield* schemas, [])
    }))

  it.effect("does not touch a schema that there is", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`CREATE SCHEMA mine`

      const refused = yield* Effect.flip(
        Effect.provide(TestQueue.drain(), TestQueue.postgres({ schema: "mine" }))
      )

      assert.strictEqual(
        refused.message,
        "schema \"mine\" exists; a test's queue needs one of its own, which it drops"
      )
      assert.deepStrictEqual(yield* schemas, ["mine"])
      yield* sql`DROP SCHEMA mine`
    }))

  it.effect("lets time pass inside a transaction of the test, which may change jobs by hand", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const id = yield* enqueue(Tick, undefined, { delay: "1 hour" })
      const states = yield* sql.withTransaction(Effect.gen(function*() {
        yield* TestQueue.travel("30 minutes")
        yield* TestQueue.assertEnqueued(Tick, { within: "30 minutes" })
        return yield* sql`
          UPDATE of_a_test.jobs SET run_at = NULL WHERE id = ${id} RETURNING state
        `
      }))

      assert.deepStrictEqual(states, [{ state: "ready" }])
    }).pipe(Effect.provide(TestQueue.postgres({ schema: "of_a_test" }))))
})
