/**
 * A server that acknowledges a commit only when a standby has it, while the standby is away. A
 * producer hears of no job that only this server has, whatever ends the wait for the standby.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import { eventually } from "../Given.ts"

const Task = Job.make("task", { payload: Schema.Finite })

const client = Layer.unwrap(Effect.gen(function*() {
  const dataDir = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "pgq-standby-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  )
  const binaries = process.env["PGQ_TEST_BINARIES"] || undefined
  const { url } = yield* EmbeddedPostgres.open({ dataDir, binaries })
  return PgClient.layer({ url, maxConnections: 5 })
}))

const queue = Layer.provideMerge(
  Layer.unwrap(Effect.as(PgSchema.migrate(), QueueLive.client())),
  client
)

/** From now on, commits wait for the standbys with these names. */
const awaitStandbys = Effect.fnUntraced(function*(names: string) {
  const sql = yield* PgClient.PgClient
  yield* sql.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`).unprepared
  yield* sql`SELECT pg_reload_conf()`
  yield* eventually(Effect.map(
    sql<{ names: string }>`SELECT current_setting('synchronous_standby_names') AS names`,
    ([row]) => assert.strictEqual(row?.names, names)
  ))
})

/** The backend that waits for a standby, with a statement that began at least this long ago. */
const waiting = (statement: string, seconds: number) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const rows = yield* sql<{ pid: number }>`
      SELECT pid FROM pg_stat_activity
      WHERE wait_event = 'SyncRep' AND query LIKE ${`%${statement}%`}
        AND clock_timestamp() - query_start > ${seconds} * interval '1 second'
    `
    assert.lengthOf(rows, 1)
    return rows[0]!.pid
  }).pipe(eventually)

layer(queue, { excludeTestServices: true, timeout: "60 seconds" })("a job", (it) => {
  it.effect.each(["pg_cancel_backend", "pg_terminate_backend"])(
    "is told of when a standby has it, even after %s",
    (end) =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* awaitStandbys("absent")
        const adding = yield* Effect.forkChild(enqueue(Task, 1))

        const pid = yield* waiting("WITH added", 1.1)
        yield* sql.unsafe(`SELECT ${end}(${pid})`)
        yield* waiting("gen_random_uuid", 0)
        assert.isUndefined(adding.pollUnsafe())
        yield* awaitStandbys("")

        const id = yield* Fiber.join(adding)
        assert.lengthOf(yield* sql`SELECT FROM pgq.jobs WHERE id = ${id}`, 1)
      }).pipe(Effect.ensuring(Effect.ignore(awaitStandbys(""))))
  )
})
