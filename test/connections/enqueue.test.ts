/**
 * Producers whose connection ends while they add a job. A job whose addition succeeded is there
 * once; a job whose addition failed is not there.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../src/layers/job/Job.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { enqueue, enqueueAll } from "../../src/services/Enqueue.ts"
import { queueName } from "../Given.ts"
import * as Session from "../support/Session.ts"
import * as BusyWorker from "./BusyWorker.ts"

const Task = Job.make("task", { payload: Schema.Finite })

/** Waits until this many statements that add jobs are under way, and each waits for a lock. */
const waiting = (sql: PgClient.PgClient, count: number) =>
  BusyWorker.eventually(Effect.gen(function*() {
    const rows = yield* sql<{ waits: boolean }>`
      SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' AS waits
      FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND state = 'active' AND query LIKE '%INSERT INTO%jobs%'
    `
    assert.deepStrictEqual(
      rows.map(({ waits }) => waits),
      Array.from({ length: count }, () => true)
    )
  }))

const setup = Effect.gen(function*() {
  const { proxy, server, through } = yield* BusyWorker.proxied
  const { sql } = yield* Session.openAt(server.url)
  return {
    person: yield* Session.openAt(server.url),
    proxy,
    queue: yield* queueName,
    sql,
    producer: Layer.provide(QueueLive.client(), BusyWorker.clientOf(through)),
    counted: (queue: string) =>
      Effect.map(
        sql<{ payload: number; times: number }>`
          SELECT payload, count(*)::integer AS times FROM pgq.jobs WHERE queue = ${queue} GROUP BY 1
        `,
        (rows) => new Map(rows.map(({ payload, times }) => [payload, times]))
      )
  }
})

// Each test has a server of its own and mostly waits, so the tests run side by side.
const patience = { timeout: 120_000, concurrent: true }

for (const direction of ["fromServer", "fromClient"] as const) {
  it.live(
    `a connection that is cut after so many bytes ${direction}`,
    () =>
      Effect.gen(function*() {
        const { counted, producer, proxy, queue } = yield* setup
        let resolved = 0

        const add = Effect.fnUntraced(function*(length: number) {
          const before = yield* proxy.limited
          yield* proxy.cutAfter({ [direction]: length })
          yield* proxy.cut
          const adding = yield* Effect.forkChild(
            Effect.result(enqueue(Task, length, { queue })),
            { startImmediately: true }
          )
          yield* Effect.raceFirst(
            Fiber.await(adding),
            BusyWorker.eventually(
              Effect.map(proxy.limited, (now) => assert.isAbove(now, before))
            )
          )
          const wasCut = (yield* proxy.limited) > before
          yield* proxy.heal
          const result = yield* Fiber.join(adding)
          const times = (yield* counted(queue)).get(length) ?? 0
          if (wasCut && Result.isSuccess(result)) resolved++
          assert.strictEqual(times, Result.isSuccess(result) ? 1 : 0, `after ${length} bytes`)
        })
        // Bytes: from within the handshake to past the answer.
        const lengths = Array.from({ length: 45 }, (_, n) => 300 + n * 34)
        yield* Effect.forEach(lengths, add, { discard: true }).pipe(Effect.provide(producer))

        assert.isAbove(resolved, 0)
      }).pipe(Effect.scoped),
    patience
  )
}

it.live("a statement that goes on although its connection is gone", () =>
  Effect.gen(function*() {
    const { counted, person, producer, proxy, queue, sql } = yield* setup
    yield* person.begin
    yield* person.sql`LOCK TABLE pgq.jobs IN SHARE MODE`
    const adding = yield* Effect.forkChild(
      enqueueAll(Task, [1, 2, 3].map((payload) => ({ payload, queue }))).pipe(
        Effect.provide(producer)
      )
    )
    yield* waiting(sql, 1)
    yield* proxy.cut
    // The client asks again while the first statement still waits. The statement that comes second
    // finds the receipt.
    yield* waiting(sql, 2)
    yield* person.commit
    const ids = yield* Fiber.join(adding)
    // One of the two statements was answered. The other may still be at work.
    yield* waiting(sql, 0)
    const added = yield* sql<{ id: bigint }>`
      SELECT id FROM pgq.jobs WHERE queue = ${queue} ORDER BY id
    `

    assert.deepStrictEqual(added.map(({ id }) => id), ids)
    assert.deepStrictEqual(yield* counted(queue), new Map([[1, 1], [2, 1], [3, 1]]))
  }).pipe(Effect.scoped), patience)

it.live("a server that does not come back", () =>
  Effect.gen(function*() {
    const { person, producer, proxy, queue, sql } = yield* setup
    yield* person.begin
    yield* person.sql`LOCK TABLE pgq.jobs IN SHARE MODE`

    const error = yield* Effect.gen(function*() {
      const adding = yield* Effect.forkChild(
        Effect.flip(enqueue(Task, 1, { queue }).pipe(Effect.provide(producer)))
      )
      yield* TestClock.withLive(waiting(sql, 1))
      yield* proxy.refuse
      yield* proxy.cut
      while (adding.pollUnsafe() === undefined) {
        yield* TestClock.adjust("1 second")
        yield* TestClock.withLive(Effect.sleep("10 millis"))
      }
      return yield* Fiber.join(adding)
    }).pipe(Effect.provide(TestClock.layer()))

    assert.isTrue(error._tag === "StoreError" && error.isOutcomeUnknown)
  }).pipe(Effect.scoped), patience)
