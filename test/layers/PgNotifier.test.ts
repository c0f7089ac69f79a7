/**
 * What was notified while nobody listened is looked for afterwards.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Queue, Stream } from "effect"
import { Notifier } from "../../src/services/Notifier.ts"
import { eventually } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("a notifier", (it) => {
  it.effect("says to look at everything whenever it listens again", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { wakes } = yield* Notifier
      const heard = yield* Stream.toQueue(wakes, { capacity: "unbounded" })
      const listeners = sql<{ pid: number }>`
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'
      `
      yield* eventually(
        Effect.map(listeners, (found) => assert.lengthOf(found, 1))
      )
      // All that it said when it began comes before this.
      yield* sql`SELECT pgq.notify_wake('jobs:marker')`
      yield* Effect.repeat(Queue.take(heard), { until: ({ _tag }) => _tag === "Jobs" })

      yield* sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'
      `
      const next = yield* Effect.timeout(Queue.take(heard), "10 seconds")

      assert.deepStrictEqual(next, { _tag: "Everything" })
    }))
})
