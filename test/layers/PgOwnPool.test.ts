/**
 * A pool whose connections have lost their peer waits for an answer once, not once for each
 * connection.
 */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Redacted } from "effect"
import * as PgOwnPool from "../../src/layers/postgres/connection/PgOwnPool.ts"
import * as Working from "../connections/BusyWorker.ts"
import { eventually } from "../Given.ts"
import * as Session from "../support/Session.ts"

const size = 3

/** A pool of connections through a proxy that the test can make fail. */
const setup = Effect.gen(function*() {
  const { proxy, server, through } = yield* Working.proxied
  const { sql } = yield* Session.openAt(server.url)
  const pool = yield* PgOwnPool.make(
    () => ({ url: Redacted.make(through), maxConnections: size }),
    Duration.millis(200)
  )
  const ask = (statement: string) =>
    Effect.scoped(Effect.flatMap(pool.reserve, (one) => one.execute(statement, [], undefined)))
  return { ask, pool, proxy, sql }
})

it.live("asks once of those that have fallen silent", () =>
  Effect.gen(function*() {
    const { ask, proxy } = yield* setup
    // Three statements at once make the pool open all its connections.
    yield* Effect.forEach([1, 2, 3], () => ask("SELECT pg_sleep(0.2)"), {
      concurrency: "unbounded"
    })
    const open = yield* proxy.connections
    yield* proxy.swallow

    const unanswered = yield* Effect.forkChild(ask("SELECT 1"), { startImmediately: true })
    // After this time the unanswered statement is late.
    yield* Effect.sleep("300 millis")
    const rows = yield* Effect.timeout(ask("SELECT 1 AS one"), "2 seconds")

    assert.strictEqual(open, size)
    assert.isUndefined(unanswered.pollUnsafe())
    assert.deepStrictEqual(rows, [{ one: 1 }])
  }).pipe(Effect.scoped), 60_000)

it.live("keeps nobody waiting in a pool that it has replaced", () =>
  Effect.gen(function*() {
    const { ask, pool, sql } = yield* setup
    const asking = yield* Effect.forkChild(
      Effect.forEach([1, 2, 3, 4], () => ask("SELECT pg_sleep(0.5)"), {
        concurrency: "unbounded"
      })
    )
    yield* eventually(
      Effect.map(
        sql`
          SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND query = 'SELECT pg_sleep(0.5)'
        `,
        (rows) => assert.lengthOf(rows, size)
      )
    )

    yield* pool.replace

    assert.lengthOf(yield* Fiber.join(asking), 4)
  }).pipe(Effect.scoped), 60_000)
