/**
 * A worker goes on by itself after any outage of its server, and no job is lost or doubled.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Latch, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { setImmediate } from "node:timers/promises"
import * as Job from "../../src/layers/job/Job.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { enqueueAll } from "../../src/services/Enqueue.ts"
import * as MovingClock from "../support/MovingClock.ts"
import * as Session from "../support/Session.ts"
import * as BusyWorker from "./BusyWorker.ts"

// Each test has a server of its own and mostly waits, so the tests run side by side.
const patience = { timeout: 90_000, concurrent: true }
const Long = Job.make("long", { payload: Schema.Finite })

for (
  const [what, signal] of [["is killed with -9", "SIGKILL"], ["stops at once", "SIGQUIT"]] as const
) {
  it.live(`a server that ${what} and comes back`, () =>
    Effect.gen(function*() {
      const server = yield* BusyWorker.server
      const working = yield* BusyWorker.start({
        direct: server.url,
        through: server.url,
        jobs: 600
      })

      for (const enough of [50, 200, 350]) {
        yield* working.reach(enough)
        yield* server.crash(signal)
      }

      yield* working.finish
    }).pipe(Effect.scoped), patience)
}

it.live("a server that cuts all connections again and again", () =>
  Effect.gen(function*() {
    const server = yield* BusyWorker.server
    const working = yield* BusyWorker.start({ direct: server.url, through: server.url, jobs: 600 })

    for (let cuts = 0; cuts < 30; cuts++) {
      yield* working.reach(cuts * 15)
      yield* asked(
        server.url,
        (sql) =>
          sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE usename = current_user AND pid <> pg_backend_pid()`
      )
    }

    yield* working.finish
  }).pipe(Effect.scoped), patience)

it.live("a server that becomes read-only, as after a failover", () =>
  Effect.gen(function*() {
    const server = yield* BusyWorker.server
    const working = yield* BusyWorker.start({ direct: server.url, through: server.url, jobs: 400 })
    yield* working.reach(50)

    yield* setting(server.adminUrl, "default_transaction_read_only", "on")
    yield* working.complaints(5)
    yield* setting(server.adminUrl, "default_transaction_read_only", "off")

    yield* working.finish
  }).pipe(Effect.scoped), patience)

it.live("a database that lets nobody in for a while", () =>
  Effect.gen(function*() {
    const server = yield* BusyWorker.server
    const working = yield* BusyWorker.start({ direct: server.url, through: server.url, jobs: 400 })
    yield* working.reach(50)
    const elsewhere = new URL(server.url)
    const name = elsewhere.pathname.slice(1)
    elsewhere.pathname = "/template1"
    const letIn = (allowed: boolean) =>
      asked(elsewhere.href, (sql) =>
        Effect.andThen(
          sql`ALTER DATABASE ${sql(name)} ALLOW_CONNECTIONS ${sql.literal(String(allowed))}`,
          sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = ${name} AND usename = current_user`
        ))

    yield* letIn(false)
    yield* working.complaints(5)
    yield* letIn(true)

    yield* working.finish
  }).pipe(Effect.scoped), patience)

it.live("a table that somebody locks, as for maintenance", () =>
  Effect.gen(function*() {
    const server = yield* BusyWorker.server
    const working = yield* BusyWorker.start({ direct: server.url, through: server.url, jobs: 400 })
    yield* working.reach(50)

    const { begin, commit, sql } = yield* Session.openAt(server.url)
    yield* begin
    yield* sql`LOCK TABLE pgq.jobs IN ACCESS EXCLUSIVE MODE`
    for (let complaint = 0; complaint < 4; complaint++) yield* working.nextComplaint
    yield* commit

    yield* working.finish
  }).pipe(Effect.scoped), patience)

it.live("a server that nobody reaches for longer than a lease", () =>
  Effect.gen(function*() {
    const { proxy, server, through } = yield* BusyWorker.proxied
    const { sql } = yield* Session.openAt(server.url)
    const starts: Array<number> = []
    const mayEnd = yield* Latch.make()
    const handlers = Long.toLayer((n) => {
      starts.push(n)
      return mayEnd.await
    })
    for (const _ of [1, 2]) {
      yield* Layer.build(
        QueueLive.layer({ jobs: [Long], workers: 2, lease: "4 seconds" }).pipe(
          Layer.provide(handlers),
          Layer.provide(Layer.fresh(BusyWorker.clientOf(through))),
          Layer.provide(Logger.layer([])),
          Layer.fresh
        )
      )
    }
    yield* enqueueAll(Long, [1, 2, 3, 4].map((payload) => ({ payload }))).pipe(
      Effect.provide(Layer.provide(QueueLive.client(), BusyWorker.clientOf(server.url)))
    )
    yield* BusyWorker.eventually(Effect.sync(() => assert.lengthOf(starts, 4)))
    const late = sql`SELECT FROM pgq.workers WHERE lease_until < clock_timestamp()`

    yield* proxy.refuse
    yield* proxy.cut
    yield* BusyWorker.eventually(Effect.map(late, (rows) => assert.lengthOf(rows, 2)))
    // The first worker that is back looks for dead workers.
    yield* sql`SELECT pgq.note_late(), pgq.rescue()`
    yield* proxy.accept
    yield* BusyWorker.eventually(Effect.map(late, (rows) => assert.lengthOf(rows, 0)))
    const [dead] = yield* sql`SELECT FROM pgq.jobs WHERE crash_count > 0`
    yield* mayEnd.open

    yield* BusyWorker.eventually(
      Effect.map(sql`SELECT FROM pgq.jobs`, (rows) => assert.lengthOf(rows, 0))
    )
    assert.isUndefined(dead)
    assert.deepStrictEqual(starts.toSorted(), [1, 2, 3, 4])
  }).pipe(Effect.scoped), patience)

it.live("connections whose other end is gone without a word", () =>
  Effect.gen(function*() {
    const { proxy, server, through } = yield* BusyWorker.proxied
    const working = yield* BusyWorker.start({ direct: server.url, through, jobs: 400 })
    yield* working.reach(50)

    yield* proxy.swallow

    yield* working.finish
  }).pipe(Effect.scoped), patience)

it.live(
  "a server that is away for two minutes is tried once a second",
  () =>
    Effect.gen(function*() {
      const { proxy, server, through } = yield* BusyWorker.proxied
      const { sql } = yield* Session.openAt(server.url)
      const starts: Array<number> = []
      const handlers = Long.toLayer((n) => Effect.sync(() => starts.push(n)))

      const tries = yield* Effect.gen(function*() {
        yield* Layer.buildWithScope(
          QueueLive.layer({ jobs: [Long] }).pipe(
            Layer.provide(handlers),
            Layer.provide(BusyWorker.clientOf(through))
          ),
          yield* MovingClock.scope(second)
        )
        // The first job is recorded before the cut. Otherwise its settlement would be tried again,
        // too, and would be counted here.
        const isRecorded = Effect.map(sql`SELECT FROM pgq.jobs`, (jobs) => jobs.length === 0)
        yield* sql`SELECT pgq.enqueue('long', '1')`
        yield* Effect.repeat(Effect.andThen(second, isRecorded), { until: (is) => is })

        yield* proxy.cutAfter({ fromClient: 1 })
        yield* proxy.cut
        yield* sql`SELECT pgq.enqueue('long', '2')`
        yield* Effect.repeat(second, { times: 119 })
        const tries = yield* proxy.limited
        yield* proxy.heal
        yield* Effect.repeat(Effect.andThen(second, isRecorded), { until: (is) => is })
        return tries
      }).pipe(Effect.provide([TestClock.layer(), Logger.layer([])]))

      assert.isAtMost(tries, 120)
      assert.deepStrictEqual(starts, [1, 2])
    }).pipe(Effect.scoped),
  patience
)

/**
 * A second of the test's clock, with time for the server and turns of this process. A connection
 * that is cut comes and goes within some turns, however busy the machine is.
 */
const second = Effect.gen(function*() {
  yield* TestClock.adjust("1 second")
  yield* TestClock.withLive(Effect.sleep("20 millis"))
  for (let turn = 0; turn < 100; turn++) yield* Effect.promise(() => setImmediate())
})

/**
 * Changes a setting of the server for all sessions, and ends the present sessions. Only a superuser
 * may do so.
 */
const setting = (url: string, name: string, value: string) =>
  asked(url, (sql) =>
    Effect.gen(function*() {
      yield* sql`SET default_transaction_read_only = off`
      yield* sql.unsafe(`ALTER SYSTEM SET ${name} = '${value}'`).unprepared
      yield* sql`SELECT pg_reload_conf()`
      yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()`
    }))

/** Asks on a connection of its own until there is an answer. */
const asked = <A>(
  url: string,
  question: (sql: PgClient.PgClient) => Effect.Effect<A, unknown>
) =>
  BusyWorker.eventually(
    Effect.provide(Effect.flatMap(PgClient.PgClient, question), BusyWorker.clientOf(url))
  )
