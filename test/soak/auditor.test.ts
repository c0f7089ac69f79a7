/**
 * The soak's auditor and its check of leftovers find what is wrong in a database, and nothing else.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import { forgottenLanes, idleInTransaction, twoHeads } from "./Auditor.ts"
import { connect } from "./Database.ts"
import { leftovers } from "./Leftovers.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "60 seconds" })("a lane", (it) => {
  it.effect("is forgotten when it has no head and no marker", () =>
    Effect.scoped(Effect.gen(function*() {
      const { insert, sql } = yield* Session.open
      yield* insert({ queue: "headless", key: "key", priority: 0 })
      assert.isEmpty(yield* forgotten(sql, "headless"))

      yield* sql`DELETE FROM pgq.dirty_lanes WHERE queue = 'headless'`
      assert.lengthOf(yield* forgotten(sql, "headless"), 1)
    })))

  it.effect("is forgotten when its head was overtaken and nobody may claim it", () =>
    Effect.scoped(Effect.gen(function*() {
      const session = yield* Session.open
      const { insert, sql } = session
      const queue = "overtaken"
      const worker = yield* session.worker(queue)
      yield* insert({ queue, key: "key", priority: 1 })
      yield* sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`
      yield* insert({ queue, key: "key", priority: 0 })
      yield* sql`DELETE FROM pgq.dirty_lanes WHERE queue = ${queue}`
      assert.isEmpty(yield* forgotten(sql, queue))

      yield* insert({ queue, key: "key", priority: 2 })
      assert.isEmpty(yield* forgotten(sql, queue))
      yield* sql`DELETE FROM pgq.dirty_lanes WHERE queue = ${queue}`
      assert.lengthOf(yield* forgotten(sql, queue), 1)

      yield* sql`INSERT INTO pgq.leases (worker_id, queue, job_ids)
        SELECT ${worker}::uuid, queue, ARRAY[id] FROM pgq.jobs WHERE queue = ${queue} AND state = 'ready'`
      assert.isEmpty(yield* forgotten(sql, queue))
    })))
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "60 seconds" })("a look", (it) => {
  it.effect("sees who is idle in a transaction, but not who has ended it", () =>
    Effect.scoped(Effect.gen(function*() {
      const { sql } = yield* Session.open
      const { url } = yield* TestDatabase
      const idle = yield* connect(url, "pgq of the auditor's test")
      const seen = Effect.map(
        sql.unsafe<{ detail: string }>(idleInTransaction).unprepared,
        (rows) => rows.filter(({ detail }) => detail.includes("SELECT 'the auditor'"))
      )
      yield* idle.unsafe("SELECT 'the auditor'").unprepared
      assert.isEmpty(yield* seen)

      yield* idle.unsafe("BEGIN").unprepared
      yield* idle.unsafe("SELECT 'the auditor'").unprepared
      assert.lengthOf(yield* seen, 1)
    })))

  it.effect("sees two heads of a lane, but not a head and who waits for it", () =>
    Effect.scoped(Effect.gen(function*() {
      const { asStep, insert, sql } = yield* Session.open
      const look = sql.unsafe(twoHeads).unprepared
      yield* insert({ queue: "two", key: "key" })
      yield* insert({ queue: "two", key: "key" })
      yield* sql`SELECT FROM pgq.admit(ARRAY['two'], 100)`
      assert.isEmpty(yield* look)

      yield* sql`DROP INDEX pgq.jobs_head`
      yield* asStep("UPDATE pgq.jobs SET state = 'ready' WHERE queue = 'two'")
      assert.lengthOf(yield* look, 1)
    })))

  it.effect("sees a worker, a lease and a lock that stayed, and nothing where nothing did", () =>
    Effect.scoped(Effect.gen(function*() {
      const session = yield* Session.open
      const other = yield* Session.open
      const look = Effect.map(
        session.sql.unsafe<{ what: string }>(leftovers).unprepared,
        (rows) => rows.map(({ what }) => what)
      )
      assert.isEmpty(yield* look)

      const worker = yield* other.worker("left")
      yield* other.insert({ queue: "left" })
      yield* other.claim({ queue: "left", worker })
      yield* other.sql`SELECT pg_advisory_lock(42)`
      assert.deepStrictEqual(yield* look, [
        "a worker at the end",
        "a lease at the end",
        "an advisory lock at the end"
      ])
    })))
})

const forgotten = (sql: Session.Session["sql"], queue: string) =>
  Effect.map(
    sql.unsafe<{ detail: string }>(forgottenLanes).unprepared,
    (rows) => rows.filter(({ detail }) => detail.startsWith(`${queue}/`))
  )
