/**
 * Waiting for a job through PgBouncer in transaction mode, where the messages of LISTEN get lost.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Schema } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Job from "../../src/layers/job/Job.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import * as Bouncer from "../soak/Bouncer.ts"
import * as Server from "../soak/Server.ts"
import * as Session from "../support/Session.ts"
import * as BusyWorker from "./BusyWorker.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

const Sum = Job.make("sum", { success: Schema.Finite })

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "pgq-bouncer-"))
    // PgBouncer may run as another user than this test.
    chmodSync(path, 0o755)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

for (const notify of ["poll", "listen"] as const) {
  it.live.skipIf(!Bouncer.isThere)(
    `a job is awaited through a pooler in transaction mode, with notify: "${notify}"`,
    () =>
      Effect.gen(function*() {
        const server = yield* BusyWorker.server
        const { sql } = yield* Session.openAt(server.url)
        const { port } = yield* Bouncer.open(yield* folder, server)
        const url = Server.overTcp(server, port)
        yield* BusyWorker.soon(Session.openAt(url))
        const pooled = PgClient.layer({ url: Redacted.make(url), prepare: false })
        const client = yield* Layer.build(
          QueueLive.client({ notify }).pipe(Layer.provideMerge(pooled))
        )
        const id = yield* Effect.provideContext(enqueue(Sum), client)
        const waiting = yield* Effect.forkChild(
          Effect.provideContext(Job.await(Sum, id), client)
        )
        const rows = sql`SELECT FROM pgq.awaited`
        if (notify === "listen") {
          yield* BusyWorker.soon(Effect.map(rows, (found) => assert.lengthOf(found, 1)))
        }

        const options = { url, pool: 2, notify: "poll", prepare: false } as const
        yield* ClosingWorker.worker(Sum.toLayer(() => Effect.succeed(3)), options)

        assert.strictEqual(yield* Fiber.join(waiting), 3)
        if (notify === "poll") assert.lengthOf(yield* rows, 0)
      }).pipe(Effect.scoped),
    60_000
  )
}
