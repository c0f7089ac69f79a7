/**
 * The isolation level of a worker's own connections. A role may have another default, so the
 * connections ask for the level that they need. A pooler may refuse that.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Job from "../../src/layers/job/Job.ts"
import * as PgConnections from "../../src/layers/postgres/connection/PgConnections.ts"
import type * as QueueLive from "../../src/layers/QueueLive.ts"
import * as Bouncer from "../soak/Bouncer.ts"
import * as Server from "../soak/Server.ts"
import * as Session from "../support/Session.ts"
import * as BusyWorker from "./BusyWorker.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

const Task = Job.make("task", { payload: Schema.Finite })

/** Checks that a worker runs jobs with a key, without a key, and for later, and logs nothing. */
const works = Effect.fnUntraced(
  function*(
    sql: PgClient.PgClient,
    url: string,
    options: QueueLive.Options & { readonly prepare?: boolean } = {}
  ) {
    const starts: Array<number> = []
    const handlers = Task.toLayer((n) => void starts.push(n))
    const { lines } = yield* ClosingWorker.worker(handlers, {
      url,
      pool: 2,
      lease: "1 second",
      ...options
    })

    yield* sql`
      INSERT INTO pgq.jobs (name, payload, serialization_key, run_at)
      VALUES ('task', '1', 'key', NULL), ('task', '2', NULL, NULL),
             ('task', '3', NULL, now() + interval '1 second')
    `
    yield* BusyWorker.soon(
      Effect.map(
        sql`SELECT FROM pgq.finished_jobs WHERE outcome = 'completed'`,
        (rows) => assert.lengthOf(rows, 3)
      )
    )

    assert.deepStrictEqual(starts.toSorted(), [1, 2, 3])
    assert.deepStrictEqual(lines, [])
  }
)

for (const level of ["serializable", "repeatable read"]) {
  it.live(`a worker works although its role's default is ${level}`, () =>
    Effect.gen(function*() {
      const { url } = yield* BusyWorker.server
      const { sql } = yield* Session.openAt(url)
      yield* sql`ALTER ROLE CURRENT_USER SET default_transaction_isolation = ${
        sql.literal(`'${level}'`)
      }`
      yield* works(sql, url)
    }).pipe(Effect.scoped), 60_000)
}

/** The address of a pooler in transaction mode, and a connection that goes past the pooler. */
const pooled = Effect.gen(function*() {
  const server = yield* BusyWorker.server
  const { sql } = yield* Session.openAt(server.url)
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "pgq-bouncer-"))
      chmodSync(path, 0o755)
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const { port } = yield* Bouncer.open(folder, server)
  const url = Server.overTcp(server, port)
  yield* BusyWorker.soon(Session.openAt(url))
  return { sql, url }
})

it.live.skipIf(!Bouncer.isThere)(
  "a worker works through a pooler that refuses to be told",
  () =>
    Effect.gen(function*() {
      const { sql, url } = yield* pooled
      yield* works(sql, url, { notify: "poll", prepare: false })
    }).pipe(Effect.scoped),
  60_000
)

it.live.skipIf(!Bouncer.isThere)(
  "all parts of a worker may be refused at once",
  () =>
    Effect.gen(function*() {
      const { url } = yield* pooled
      const config = { url: Redacted.make(url), prepare: false }
      const { maintenance, heartbeat, worker } = yield* PgConnections.make.pipe(
        Effect.provide(PgClient.layer(config))
      )

      const rows = yield* Effect.forEach(
        [worker, heartbeat, maintenance, worker, heartbeat, maintenance],
        (sql) => sql`SELECT 1 AS one`,
        { concurrency: "unbounded" }
      )

      assert.deepStrictEqual(rows, rows.map(() => [{ one: 1 }]))
    }).pipe(Effect.scoped),
  60_000
)
