/**
 * A worker beside clients that have taken the server's connections.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Schema, Scope } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import * as Database from "../soak/Database.ts"
import * as BusyWorker from "./BusyWorker.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

// Each test has a server of its own and mostly waits, so the tests run side by side.
const patience = { timeout: 90_000, concurrent: true }
const connections = 20
/** One connection marks the server as in use. */
const free = connections - 1
/** Any role may take all of the connections. */
const small = { max_connections: String(connections), superuser_reserved_connections: "0" }

it.live("a server with no connection to spare", () =>
  Effect.gen(function*() {
    const server = yield* BusyWorker.serverWith(small)
    const working = yield* BusyWorker.start({ direct: server.url, through: server.url, jobs: 400 })
    yield* working.reach(50)
    const crowd = yield* Scope.make()

    yield* take(server.url, free).pipe(Scope.provide(crowd))
    yield* working.nextComplaint
    yield* working.nextComplaint
    yield* Scope.close(crowd, Exit.void)

    yield* working.finish
  }).pipe(Effect.scoped), patience)

it.live(
  "a server with one connection to spare, which its listener has",
  () =>
    Effect.gen(function*() {
      const server = yield* BusyWorker.serverWith(small)
      const working = yield* BusyWorker.start({
        direct: server.url,
        through: server.url,
        jobs: 800
      })
      yield* working.reach(50)
      const crowd = yield* Scope.make()

      const sql = yield* take(server.url, free - 1, "%listener").pipe(Scope.provide(crowd))
      yield* BusyWorker.eventually(
        Effect.map(sql`SELECT FROM pgq.jobs`, (rows) => assert.lengthOf(rows, 0))
      ).pipe(Effect.timeout("40 seconds"))
      yield* Scope.close(crowd, Exit.void)

      yield* working.finish
    }).pipe(Effect.scoped),
  patience
)

const Task = Job.make("task", { payload: Schema.Finite })

it.live(
  "a worker keeps its connections where others wait for each that is freed",
  () =>
    Effect.gen(function*() {
      const server = yield* BusyWorker.serverWith(small)
      const sql = yield* Database.connect(server.url)
      const { lines } = yield* ClosingWorker.worker(Task.toLayer(() => Effect.sleep("2 millis")), {
        url: server.url,
        pool: 1,
        workers: 4,
        lease: "2 seconds"
      })
      const own = sql<{ part: string; pid: number }>`
      SELECT split_part(application_name, ' ', 2) AS part, pid FROM pg_stat_activity
      WHERE application_name LIKE 'pgq %' ORDER BY 1, 2
    `
      const before = yield* BusyWorker.eventually(Effect.map(own, (rows) => {
        const parts = ["maintenance", "heartbeat", "listener", "worker"]
        assert.includeMembers(rows.map(({ part }) => part), parts)
        return rows
      }))
      let refused = 0
      const another = Effect.tapError(
        Database.connect(server.url),
        () => Effect.sync(() => refused++)
      )
      yield* Effect.forkScoped(Effect.forever(Effect.ignore(another)))
      yield* BusyWorker.eventually(Effect.sync(() => assert.isAtLeast(refused, 10)))

      yield* sql`
      INSERT INTO pgq.jobs (name, payload, serialization_key)
      SELECT 'task', to_jsonb(n), CASE WHEN n % 2 = 0 THEN 'key ' || n % 7 END
      FROM generate_series(1, 2000) AS n
    `
      yield* BusyWorker.eventually(
        Effect.map(
          sql`SELECT FROM pgq.finished_jobs WHERE outcome = 'completed'`,
          (rows) => assert.lengthOf(rows, 2000)
        )
      )

      assert.deepStrictEqual(lines, [])
      assert.includeDeepMembers([...yield* own], [...before])
    }).pipe(Effect.scoped),
  patience
)

/**
 * Takes this many connections until the scope ends, from all clients but the spared ones. Answers
 * one of the taken connections.
 */
const take = Effect.fnUntraced(function*(url: string, wanted: number, spared = "") {
  const one = yield* Database.connect(url)
  let taken = 1
  // A terminated connection keeps its place until it is gone, and its client may be back before
  // another one is here.
  const another = Effect.gen(function*() {
    yield* one`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE usename = current_user AND application_name <> ${Database.applicationName}
               AND application_name NOT LIKE ${spared}`
    yield* Database.connect(url)
    taken++
  })
  yield* Effect.repeat(Effect.ignore(another), { until: () => taken === wanted })
  return one
})
