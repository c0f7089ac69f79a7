/**
 * The examples of transactional jobs run, each on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { lines, node, onDatabase, onMigrated, run, runSql } from "./Examples.ts"
import * as Postgres from "./support/Postgres.ts"

describe("examples", { timeout: 60_000 }, () => {
  it.live("transactional.ts has each effect once", () =>
    Effect.gen(function*() {
      const ended = yield* run(node("transactional.ts"))

      assert.strictEqual(ended.code, 0, ended.stderr)
      const said = lines(ended)
      assert.include(said, "2 imported, posted 7")
      assert.include(
        said,
        "invoices [{\"id\":7,\"posted\":1},{\"id\":8,\"posted\":0}], " +
          "mails [{\"to\":\"ada@example.com\"}]"
      )
    }).pipe(onDatabase))

  it.live("complete.sql completes a job in one commit with its writes", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const prepare = [
        "CREATE TABLE invoices AS SELECT 7 AS id, false AS posted",
        "ALTER SEQUENCE pgq.jobs_id_seq RESTART 42",
        "INSERT INTO pgq.jobs (name) VALUES ('post-invoice')",
        `INSERT INTO pgq.leases (id, worker_id, queue, claimed_at, job_ids)
         VALUES ('3f0c8a52-6d1e-4b7a-9c55-0e8b1f2d7a64', gen_random_uuid(), 'default', now(), '{42}')`
      ]
      yield* Effect.forEach(prepare, (statement) => sql.unsafe(statement))
      const { url } = yield* Postgres.TestDatabase
      const answers = yield* runSql("complete.sql").pipe(
        // The statements of one transaction need one connection.
        Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 }))
      )

      const found = yield* sql`
        SELECT outcome, posted, value FROM invoices, pgq.finished_jobs, pgq.results
      `
      assert.deepStrictEqual(answers.at(-1), [{ settled: "settled" }])
      assert.deepStrictEqual(found, [{ outcome: "completed", posted: true, value: { number: 7 } }])
    }).pipe(onMigrated))
})
