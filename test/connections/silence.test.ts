/**
 * Connections that fall silent at a given word, or whose backends freeze. No worker waits for such
 * connections for long.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Redacted, Schema } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import { queueName } from "../Given.ts"
import * as Server from "../soak/Server.ts"
import * as TcpProxy from "../support/TcpProxy.ts"
import * as BusyWorker from "./BusyWorker.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

const Task = Job.make("task", { payload: Schema.Finite })
const renewal = "SET lease_until = clock"
const grace = "1 second"
const patience = 90_000

class Running extends Context.Service<Running, Server.Server>()("test/Running") {}

/**
 * One server for all of these tests, and a client that is connected to the server without a proxy.
 */
const running = Layer.provideMerge(
  PgClient.layerFrom(
    Effect.flatMap(Running, ({ url }) => PgClient.make({ url: Redacted.make(url) }))
  ),
  Layer.effect(Running, BusyWorker.serverWith({ max_connections: "300" }))
)

/** A worker behind a network of its own. The name of its connections identifies the worker. */
const setup = Effect.fnUntraced(function*(pool: number) {
  const server = yield* Running
  const sql = yield* PgClient.PgClient
  const proxy = yield* TcpProxy.make({ path: server.socket.path })
  const queue = yield* queueName
  const name = `pgq ${queue.slice(0, 8)}`
  const starts: Array<number> = []
  const handlers = Task.toLayer((n) => Effect.sync(() => void starts.push(n)))

  /** The backends of the worker; with `part`, only backends of that part that listen. */
  const backends = (part = "") =>
    Effect.map(
      sql<{ pid: number; query: string; state: string }>`
        SELECT pid, query, state FROM pg_stat_activity
        WHERE application_name LIKE ${`${name}%${part}`}
      `,
      (rows) => rows.filter(({ query, state }) => part === "" || isListening(query, state))
    )
  return {
    proxy,
    start: ClosingWorker.worker(handlers, {
      url: Server.overTcp(server, proxy.port),
      name,
      pool,
      grace,
      queues: [queue],
      lease: "5 seconds"
    }),
    add: (n: number) =>
      sql`
        INSERT INTO pgq.jobs (queue, name, payload) VALUES (${queue}, 'task', ${String(n)}::jsonb)
      `,
    ran: (n: number) => BusyWorker.eventually(Effect.sync(() => assert.include(starts, n))),
    pids: Effect.map(backends(), (rows) => rows.map(({ pid }) => pid)),
    /** Waits until the worker listens on a connection that is none of these. */
    listens: (others: ReadonlyArray<number> = []) =>
      BusyWorker.eventually(
        Effect.map(
          backends("listener"),
          (rows) => assert.isTrue(rows.some(({ pid }) => !others.includes(pid)))
        )
      ),
    swallowed: BusyWorker.eventually(
      Effect.map(proxy.swallowed, (count) => assert.strictEqual(count, 1))
    )
  }
})

const isListening = (query: string, state: string) =>
  state === "idle" && /^(LISTEN|SELECT 1)/.test(query)

/** Freezes processes until the scope ends. */
const freeze = (pids: ReadonlyArray<number>) =>
  Effect.acquireRelease(
    Effect.sync(() => pids.forEach((pid) => process.kill(pid, "SIGSTOP"))),
    () => Effect.sync(() => pids.forEach((pid) => process.kill(pid, "SIGCONT")))
  )

/** Fails if the effect takes longer. */
const withinSeconds = (limit: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const from = yield* Clock.monotonicTimeNanos
    const value = yield* effect
    assert.isAtMost(Number((yield* Clock.monotonicTimeNanos) - from) / 1e9, limit)
    return value
  })

layer(running, { excludeTestServices: true, concurrent: true, timeout: "1 minute" })(
  "where nothing is answered any more",
  (it) => {
    for (const pool of [1, 2, 10]) {
      it.effect(
        `a scope closes whose backends are frozen, beside a pool of ${pool}`,
        () =>
          Effect.gen(function*() {
            const { add, listens, pids, ran, start } = yield* setup(pool)
            const { scope } = yield* start
            yield* Effect.andThen(add(1), ran(1))
            yield* listens()
            yield* freeze(yield* pids)
            yield* ClosingWorker.closesInTime(scope, grace)
          }),
        patience
      )

      it.effect(
        `a scope closes in a black hole, beside a pool of ${pool}`,
        () =>
          Effect.gen(function*() {
            const { add, listens, proxy, ran, start } = yield* setup(pool)
            const { scope } = yield* start
            yield* Effect.andThen(add(1), ran(1))
            yield* listens()
            yield* proxy.blackhole
            yield* ClosingWorker.closesInTime(scope, grace)
          }),
        patience
      )

      for (const word of ["claim", "settle"]) {
        it.effect(
          `a scope closes while "${word}" gets no answer, beside a pool of ${pool}`,
          () =>
            Effect.gen(function*() {
              const { add, proxy, start, swallowed } = yield* setup(pool)
              yield* proxy.swallowAt(word)
              const { scope } = yield* start
              yield* Effect.andThen(add(1), swallowed)
              yield* proxy.blackhole
              yield* ClosingWorker.closesInTime(scope, grace)
            }),
          patience
        )
      }

      for (const word of ["claim", "settle", "promote", "note_late", "prune_completed", renewal]) {
        it.effect(
          `a worker goes on after "${word}", beside a pool of ${pool}`,
          () =>
            Effect.gen(function*() {
              const { add, proxy, ran, start, swallowed } = yield* setup(pool)
              yield* proxy.swallowAt(word)
              const { scope } = yield* start
              yield* Effect.andThen(add(1), swallowed)
              yield* add(2)
              yield* withinSeconds(25)(ran(2))
              yield* ClosingWorker.closesInTime(scope, grace)
            }),
          patience
        )
      }

      it.effect(
        `a worker goes on with other connections, beside a pool of ${pool}`,
        () =>
          Effect.gen(function*() {
            const { add, listens, proxy, ran, start } = yield* setup(pool)
            const { scope } = yield* start
            yield* Effect.andThen(add(1), ran(1))
            yield* listens()
            yield* proxy.swallow
            yield* add(2)
            yield* withinSeconds(25)(ran(2))
            yield* ClosingWorker.closesInTime(scope, grace)
          }),
        patience
      )

      it.effect(
        `a scope closes that says UNLISTEN, beside a pool of ${pool}`,
        () =>
          Effect.gen(function*() {
            const { listens, proxy, start } = yield* setup(pool)
            const { scope } = yield* start
            yield* listens()
            yield* proxy.swallowAt("UNLISTEN")
            yield* ClosingWorker.closesInTime(scope, grace)
          }),
        patience
      )

      it.effect(
        `a listener listens again that said LISTEN, beside a pool of ${pool}`,
        () =>
          Effect.gen(function*() {
            const { listens, proxy, start, swallowed } = yield* setup(pool)
            yield* proxy.swallowAt("LISTEN \"pgq:wake\"")
            yield* start
            yield* swallowed
            yield* withinSeconds(15)(listens())
          }),
        patience
      )

      it.effect(
        `a listener listens on another connection, beside a pool of ${pool}`,
        () =>
          Effect.gen(function*() {
            const { listens, pids, proxy, start } = yield* setup(pool)
            yield* start
            yield* listens()
            const before = yield* pids
            yield* proxy.swallow
            yield* withinSeconds(15)(listens(before))
          }),
        patience
      )
    }
  }
)
