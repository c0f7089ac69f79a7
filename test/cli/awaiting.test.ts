/**
 * `pgq await` in one process, and the worker of the job in another.
 */
import { PgClient, PgConnection } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { eventually } from "../Given.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
import { Schema } from "effect"
import { Job } from "pgq"

export const setupJobs = (queue) => {
  queue.handle(Job.make("sum", { success: Schema.Finite }), () => 3)
}
`

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("awaiting", (it) => {
  it.effect("a worker tells another process of the end of the job that it waits for", () =>
    Effect.gen(function*() {
      const { flags, name, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const connection = yield* PgConnection.make(sql.config)
      const heard = yield* (yield* connection.pin).listen(`${name}:ended`)
      const [job] = yield* sql<{ id: string }>`
        INSERT INTO ${table("jobs")} (name) VALUES ('sum') RETURNING id::text
      `
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)

      const waiting = yield* Pgq.spawn(["await", job!.id, ...flags])
      yield* eventually(Effect.gen(function*() {
        assert.lengthOf(yield* sql`SELECT FROM ${table("awaited")} WHERE job_id = ${job!.id}`, 1)
      }))
      yield* Pgq.spawn(["start", "-f", "jobs.mjs", ...flags], { cwd: path })

      assert.strictEqual((yield* Queue.take(heard)).payload, job!.id)
      const { code, stdout } = yield* waiting.exit
      assert.deepStrictEqual([stdout, code], ["3\n", 0])
    }))
})
