/**
 * The soak's auditor knows a forgotten lane from one that somebody will look at.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { forgottenLanes } from "./Auditor.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "60 seconds" })("a lane", (it) => {
  it.effect("is forgotten when it has no token and no marker", () =>
    Effect.scoped(Effect.gen(function*() {
      const { insert, sql } = yield* Session.open
      yield* insert({ queue: "tokenless", key: "key", priority: 0 })
      assert.isEmpty(yield* forgotten(sql, "tokenless"))

      yield* sql`DELETE FROM pgq.lane_wakes WHERE queue = 'tokenless'`
      assert.lengthOf(yield* forgotten(sql, "tokenless"), 1)
    })))

  it.effect("is forgotten when its token was overtaken and nobody may claim it", () =>
    Effect.scoped(Effect.gen(function*() {
      const session = yield* Session.open
      const { insert, sql } = session
      const queue = "overtaken"
      const worker = yield* session.worker(queue)
      yield* insert({ queue, key: "key", priority: 1 })
      yield* sql`SELECT pgq.admit(${queue}, 100)`
      yield* insert({ queue, key: "key", priority: 0 })
      yield* sql`DELETE FROM pgq.lane_wakes WHERE queue = ${queue}`
      assert.isEmpty(yield* forgotten(sql, queue))

      yield* insert({ queue, key: "key", priority: 2 })
      assert.isEmpty(yield* forgotten(sql, queue))
      yield* sql`DELETE FROM pgq.lane_wakes WHERE queue = ${queue}`
      assert.lengthOf(yield* forgotten(sql, queue), 1)

      yield* sql`INSERT INTO pgq.leases (worker_id, queue, job_ids)
        SELECT ${worker}::uuid, queue, ARRAY[id] FROM pgq.jobs WHERE queue = ${queue} AND state = 'ready'`
      assert.isEmpty(yield* forgotten(sql, queue))
    })))
})

const forgotten = (sql: Session.Session["sql"], queue: string) =>
  Effect.map(
    sql.unsafe<{ detail: string }>(forgottenLanes).unprepared,
    (rows) => rows.filter(({ detail }) => detail.startsWith(`${queue}/`))
  )
