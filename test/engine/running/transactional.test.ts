/**
 * Transactional jobs: their writes, the jobs that they enqueue, their result and their end are
 * committed together.
 *
 * Tests `src/layers/postgres/PgTransactions.ts` and `src/layers/worker/Completing.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Redacted } from "effect"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import type * as LogLines from "../../support/LogLines.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Session from "../../support/Session.ts"
import { finished, finishedAll, options, start, unfinished } from "../Live.ts"
import { database, Mail, note, notes, Post, work } from "./Transactional.ts"

layer(database, options)("a transactional job", (it) => {
  it.effect("commits its writes, its jobs, its result and its end together", () =>
    Effect.gen(function*() {
      const isOpen = yield* Deferred.make<void>()
      const mayEnd = yield* Deferred.make<void>()
      const queue = yield* work(Effect.fnUntraced(function*({ n, queue }) {
        yield* note(queue, n)
        yield* enqueue(Mail, undefined, { queue: `${queue} mail` })
        yield* Deferred.succeed(isOpen, undefined)
        yield* Deferred.await(mayEnd)
        return { at: n }
      }))
      const sql = yield* PgClient.PgClient

      const id = yield* enqueue(Post, { queue, n: 7 }, { queue })
      yield* Deferred.await(isOpen)
      const before = [yield* notes(queue), yield* unfinished(`${queue} mail`)]
      const locked = yield* (yield* Session.open).sql`
        SELECT FROM pgq.leases WHERE id NOT IN (
          SELECT id FROM pgq.leases FOR UPDATE SKIP LOCKED
        )
      `
      yield* Deferred.succeed(mayEnd, undefined)
      const result = yield* Job.await(Post, id, { timeout: "20 seconds" })

      assert.deepStrictEqual([before, locked], [[[], []], []])
      assert.deepStrictEqual(result, { at: 7 })
      assert.deepStrictEqual(yield* notes(queue), [7])
      assert.lengthOf(yield* unfinished(`${queue} mail`), 1)
      const [end] = yield* sql`
        SELECT outcome, attempt, ran_ms >= 0 AS ran FROM pgq.finished_jobs WHERE id = ${id}
      `
      assert.deepStrictEqual(end, { outcome: "completed", attempt: 1, ran: true })
    }))

  it.effect("that fails leaves nothing, and is tried again as any job", () =>
    Effect.gen(function*() {
      const attempts: Array<number> = []
      const queue = yield* work(Effect.fnUntraced(function*({ n, queue }, { attempt }) {
        yield* note(queue, n)
        yield* enqueue(Mail, undefined, { queue: `${queue} mail` })
        attempts.push(attempt)
        return attempt < 3 ? yield* Effect.fail("not yet") : { at: attempt }
      }))

      const id = yield* enqueue(Post, { queue, n: 1 }, { queue })
      const result = yield* Job.await(Post, id, { timeout: "20 seconds" })

      assert.deepStrictEqual([result, attempts], [{ at: 3 }, [1, 2, 3]])
      assert.deepStrictEqual(yield* notes(queue), [1])
      assert.lengthOf(yield* unfinished(`${queue} mail`), 1)
    }))

  it.effect("keeps the order of its lane, and hands the lane on in its commit", () =>
    Effect.gen(function*() {
      const order: Array<number> = []
      const queue = yield* work(({ n, queue }) =>
        Effect.as(
          Effect.tap(note(queue, n), () => Effect.sync(() => order.push(n))),
          { at: n }
        )
      )

      const jobs = Array.from(
        { length: 30 },
        (_, n) => ({ payload: { queue, n }, key: "k", queue })
      )
      yield* enqueueAll(Post, jobs)
      yield* finishedAll(queue, 30)

      assert.deepStrictEqual(order, jobs.map(({ payload }) => payload.n))
      assert.deepStrictEqual(yield* notes(queue), order)
    }))

  it.effect("waits its turn for a connection: 24 at once on a client with ten", () =>
    Effect.gen(function*() {
      let [open, most] = [0, 0]
      const mayEnd = yield* Deferred.make<void>()
      const queue = yield* work(({ n, queue }) =>
        Effect.gen(function*() {
          most = Math.max(most, ++open)
          yield* note(queue, n)
          yield* Deferred.await(mayEnd)
          open--
          return { at: n }
        }), { workers: 24 })
      const sql = yield* PgClient.PgClient

      const jobs = Array.from({ length: 24 }, (_, n) => ({ payload: { queue, n }, queue }))
      yield* enqueueAll(Post, jobs)
      yield* eventually(Effect.sync(() => assert.strictEqual(open, 7)))
      // The application has its share of the connections.
      yield* Effect.all(Array.from({ length: 3 }, () => sql`SELECT pg_sleep(0.2)`), {
        concurrency: 3
      })
      yield* Deferred.succeed(mayEnd, undefined)
      yield* finishedAll(queue, 24)

      assert.strictEqual(most, 7)
      assert.lengthOf(yield* notes(queue), 24)
    }))

  it.effect("works where transactions are SERIALIZABLE by default", () =>
    Effect.gen(function*() {
      const levels: Array<unknown> = []
      const { sql } = yield* Session.open
      const { name, url } = yield* Postgres.TestDatabase
      yield* sql`ALTER DATABASE ${sql(name)} SET default_transaction_isolation = 'serializable'`
      const queue = yield* work(
        Effect.fnUntraced(function*({ n, queue }) {
          const sql = yield* PgClient.PgClient
          levels.push(
            ...yield* sql`
            SELECT current_setting('transaction_isolation') AS now,
                   current_setting('default_transaction_isolation') AS otherwise
          `
          )
          yield* note(queue, n)
          return { at: n }
        })
      ).pipe(Effect.provide(yield* Layer.build(PgClient.layer({ url: Redacted.make(url) }))))
      yield* sql`ALTER DATABASE ${sql(name)} RESET default_transaction_isolation`

      yield* enqueue(Post, { queue, n: 1 }, { queue })
      yield* finishedAll(queue, 1)

      assert.deepStrictEqual(levels, [{ now: "read committed", otherwise: "serializable" }])
    }))

  it.effect("needs a client with four connections, and is remarked on if it may take long", () =>
    Effect.gen(function*() {
      const lines: Array<LogLines.LogLine> = []
      const Long = Job.make("long", { transactional: { timeout: "2 minutes" } })
      const { url } = yield* Postgres.TestDatabase
      const startOn = (maxConnections: number) =>
        start(Long.toLayer(() => Effect.void), { queues: ["long"], lines }).pipe(
          Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections }))
        )

      const refused = yield* Effect.flip(startOn(3))
      yield* startOn(4)
      const other = yield* Layer.build(PgClient.layer({ url: Redacted.make(url) }))
      const elsewhere = Layer.provide(
        Long.toLayer(() => PgClient.PgClient.use((sql) => sql`SELECT 1`)),
        Layer.succeedContext(other)
      )
      yield* start(elsewhere, { queues: ["long"], lines })

      assert.include(refused, { _tag: "SettingInvalid", setting: "maxConnections" })
      assert.include(refused.message, "\"long\" needs a client with at least 4 connections")
      assert.match(lines.map(({ text }) => text).join("\n"), /"long" may stay open for 2m/)
      assert.match(
        lines.map(({ text }) => text).join("\n"),
        /"long" was given another PgClient than its worker/
      )
    }))

  it.effect("refuses a promise, which knows no transaction", () =>
    Effect.gen(function*() {
      const Late = Job.make("late", {
        transactional: { timeout: "1 second" },
        onDefect: OnError.fail
      })
      const queue = yield* queueName
      yield* start(Late.toLayer(async () => {}), { queues: [queue] })

      yield* enqueue(Late, undefined, { queue })
      yield* finishedAll(queue, 1)

      assert.match((yield* finished(queue))[0]?.error ?? "", /must return an Effect/)
    }))
})
