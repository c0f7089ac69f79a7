/**
 * A busy worker, for tests that disturb its connections or its server.
 */
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { type Duration, Effect, Layer, Logger, Redacted, Schedule, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Job from "../../src/layers/job/Job.ts"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { enqueueAll } from "../../src/services/Enqueue.ts"
import { queueName } from "../Given.ts"
import * as Server from "../soak/Server.ts"
import * as TcpProxy from "../support/TcpProxy.ts"

/** A server of the test's own, which the test may break. */
export const serverWith = Effect.fnUntraced(function*(
  settings: Readonly<Record<string, string>>,
  version: "15" | "18" = "18"
) {
  const path = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "pgq-outage-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  return yield* serverIn(path, settings, version)
})

/** The same, in a folder that the test chooses. */
export const serverIn = Effect.fnUntraced(
  function*(
    path: string,
    settings: Readonly<Record<string, string>>,
    version: "15" | "18" = "18"
  ) {
    const server = yield* Server.open(path, version, settings)
    yield* Effect.provide(PgSchema.migrate(), clientOf(server.url))
    return server
  }
)

export const server = serverWith({})

/** A server that is also reached through a proxy, under another address. */
export const proxied = Effect.gen(function*() {
  const running = yield* server
  const proxy = yield* TcpProxy.make({ path: running.socket.path })
  return { server: running, proxy, through: Server.overTcp(running, proxy.port) }
})

/**
 * Repeats a question for longer than any outage here lasts. A frozen connection is given up after
 * 20 seconds.
 */
export const eventually = <A, E, R>(question: Effect.Effect<A, E, R>) =>
  repeated("70 seconds", question)

/** Repeats a question for longer than anything takes where there is no outage. */
export const soon = <A, E, R>(question: Effect.Effect<A, E, R>) => repeated("30 seconds", question)

const repeated = <A, E, R>(duration: Duration.Input, question: Effect.Effect<A, E, R>) =>
  question.pipe(
    Effect.sandbox,
    Effect.retry(Schedule.upTo(Schedule.spaced("50 millis"), { duration })),
    Effect.orDie
  )

export const clientOf = (url: string) => PgClient.layer({ url: Redacted.make(url) })

const Task = Job.make("task", { payload: Schema.Finite })

export interface BusyWorker {
  /** Adds more jobs. */
  readonly add: (count: number) => Effect.Effect<void>
  /** The number of completed jobs, asked until there is an answer. */
  readonly done: Effect.Effect<number>
  /** Waits until at least this many jobs have completed. */
  readonly reach: (count: number) => Effect.Effect<void>
  /** Waits until at least this many complaints have been logged since the beginning. */
  readonly complaints: (count: number) => Effect.Effect<void>
  /** Waits for a complaint that is logged after now. */
  readonly nextComplaint: Effect.Effect<void>
  /**
   * Waits until all jobs have completed, and checks the result: each job completed once, jobs of a
   * key first started in order, and no job is left.
   */
  readonly finish: Effect.Effect<void>
}

/**
 * Starts a worker that connects to `through`. Jobs of three keys, and without a key, are added at
 * `direct`.
 */
export const start = Effect.fnUntraced(function*(options: {
  readonly direct: string
  readonly through: string
  readonly jobs: number
}) {
  const queue = yield* queueName
  const direct = Effect.provide(clientOf(options.direct))
  const starts = new Map<string, Array<number>>()
  const lines: Array<string> = []
  const handlers = Task.toLayer((n, { key = "none" }) => {
    starts.set(key, [...starts.get(key) ?? [], n])
    return Effect.sleep("2 millis")
  })
  const ids: Array<bigint> = []
  const add = Effect.fnUntraced(function*(count: number) {
    const payloads = Array.from({ length: count }, (_, n) => ids.length + n)
    const added = yield* enqueueAll(
      Task,
      payloads.map((payload) => ({
        payload,
        queue,
        key: payload % 4 === 0 ? undefined : `k${payload % 4}`
      }))
    )
    ids.push(...added)
  }, Effect.provide(Layer.provide(QueueLive.client(), clientOf(options.direct))))
  yield* add(options.jobs)
  yield* Layer.build(
    QueueLive.layer({
      jobs: [Task],
      queues: [queue],
      workers: 4,
      lease: "5 seconds",
      grace: "5 seconds"
    }).pipe(
      Layer.provide(handlers),
      Layer.provide(clientOf(options.through)),
      Layer.provide(Logger.layer([Logger.make(({ logLevel, message }) => {
        if (logLevel !== "Debug") lines.push(String(message))
      })]))
    )
  )

  const completed = Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const rows = yield* sql<{ id: bigint }>`
      SELECT id FROM pgq.finished_jobs WHERE queue = ${queue} AND outcome = 'completed' ORDER BY id
    `
    return rows.map(({ id }) => id)
  })
  const left = Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    return yield* sql`SELECT id, state FROM pgq.job_states WHERE queue = ${queue}`
  })
  const done = eventually(Effect.map(direct(completed), (rows) => rows.length))

  const complaints = (count: number) =>
    eventually(Effect.sync(() => assert.isAtLeast(lines.length, count, lines.join("\n"))))

  const working: BusyWorker = {
    add: (count) => Effect.orDie(add(count)),
    done,
    reach: (count) => eventually(Effect.map(done, (found) => assert.isAtLeast(found, count))),
    complaints,
    nextComplaint: Effect.suspend(() => complaints(lines.length + 1)),
    finish: Effect.gen(function*() {
      yield* eventually(Effect.map(done, (found) => assert.strictEqual(found, ids.length)))
      assert.deepStrictEqual(yield* direct(completed), ids)
      assert.deepStrictEqual(yield* direct(left), [])
      for (const [key, order] of starts) {
        if (key === "none") continue
        const firsts = Array.from(new Set(order))
        assert.deepStrictEqual(firsts, firsts.toSorted((a, b) => a - b), key)
      }
    }).pipe(Effect.orDie)
  }
  return working
})
