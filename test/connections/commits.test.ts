/**
 * Workers that lose their connection while a transactional job commits, at any byte. The effects of
 * each job, the jobs that it enqueues and its end are there once, and no attempt is used.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schedule, Schema } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import * as Session from "../support/Session.ts"
import * as BusyWorker from "./BusyWorker.ts"

const Post = Job.make("post", {
  payload: Schema.Finite,
  success: Schema.Finite,
  transactional: { timeout: "1 minute" }
})
const Mail = Job.make("mail", { payload: Schema.Finite })

/** A worker behind a proxy, whose handler notes an effect and enqueues a job. */
const working = Effect.gen(function*() {
  const { proxy, server, through } = yield* BusyWorker.proxied
  const { sql } = yield* Session.openAt(server.url)
  yield* sql`CREATE TABLE effects (n integer NOT NULL)`
  const runs = new Map<number, number>()
  const PostLive = Post.toLayer(Effect.fnUntraced(function*(n) {
    const sql = yield* PgClient.PgClient
    runs.set(n, (runs.get(n) ?? 0) + 1)
    yield* sql`INSERT INTO effects VALUES (${n})`
    yield* enqueue(Mail, n, { queue: "mail" })
    return n
  }))
  // Each COMMIT is sent as the first one is, with its text.
  const application = PgClient.layer({ url: Redacted.make(through), prepare: false })
  yield* Layer.build(
    QueueLive.layer({ jobs: [Post], grace: "1 second" }).pipe(
      Layer.provide(PostLive),
      Layer.provide(QueueLive.client()),
      Layer.provide(application)
    )
  )

  /** Waits until the job has ended, and checks that it has had its effects once. */
  const ended = (n: number) =>
    soon(Effect.gen(function*() {
      const [found] = yield* sql`
        SELECT (SELECT count(*)::integer FROM effects WHERE n = ${n}) AS effects,
               (SELECT count(*)::integer FROM pgq.jobs
                WHERE name = 'mail' AND payload = to_jsonb(${n}::integer)) AS mails,
               array_agg(outcome || ' ' || attempt) AS ends
        FROM pgq.finished_jobs WHERE name = 'post' AND payload = to_jsonb(${n}::integer)
      `
      assert.deepStrictEqual(found, { effects: 1, mails: 1, ends: ["completed 1"] })
    }))
  const producer = yield* Layer.build(
    Layer.provide(QueueLive.client(), BusyWorker.clientOf(server.url))
  )
  const add = (n: number) => Effect.provideContext(enqueue(Post, n), producer)
  return { add, ended, proxy, runs, server, sql }
})

const soon = <A, E, R>(question: Effect.Effect<A, E, R>) =>
  question.pipe(
    Effect.sandbox,
    Effect.retry(Schedule.upTo(Schedule.spaced("5 millis"), { duration: "40 seconds" })),
    Effect.orDie
  )

/** The text with which the driver first sends COMMIT; READ COMMITTED is another one. */
const commit = "COMMIT\0"

// Each test has a server of its own and mostly waits, so the tests run side by side.
const patience = { timeout: 120_000, concurrent: true }

// A COMMIT is 55 bytes long, and its answer 35. While the answer comes, everything is committed.
for (const [direction, bytes, step] of [["fromClient", 56, 2], ["fromServer", 36, 5]] as const) {
  const cutting = Effect.gen(function*() {
    const { add, ended, proxy, runs } = yield* working

    const lengths = Array.from({ length: bytes }, (_, n) => n).filter((n) =>
      n >= 40 || n % step === 0
    )
    for (const n of lengths) {
      yield* proxy.cutAt(commit, { [direction]: n })
      yield* add(n)
      yield* ended(n)
    }

    const times = lengths.map((n) => runs.get(n) ?? 0)
    assert.isAtLeast(yield* proxy.limited, lengths.length - 1)
    // From some byte on, the server has what it needs to commit.
    assert.deepStrictEqual(times, times.toSorted((a, b) => b - a))
    assert.deepStrictEqual([times[0], times.at(-1)], [direction === "fromClient" ? 2 : 1, 1])
  })
  it.live(
    `a connection that is cut at each byte of COMMIT, ${direction}`,
    () => Effect.scoped(cutting),
    patience
  )
}

it.live(
  "a COMMIT that gets no answer",
  () =>
    Effect.gen(function*() {
      const { add, ended, proxy, runs } = yield* working

      yield* proxy.swallowAt(commit)
      yield* add(1)
      yield* ended(1)

      assert.strictEqual(yield* proxy.swallowed, 1)
      assert.strictEqual(runs.get(1), 2)
      // The client would wait for the silent connection.
      yield* proxy.cut
    }).pipe(Effect.scoped),
  patience
)

it.live(
  "a COMMIT that waits for a standby when its connection is cut",
  () =>
    Effect.gen(function*() {
      const { add, ended, proxy, runs, server, sql } = yield* working
      const admin = yield* Session.openAt(server.adminUrl)
      const awaitStandbys = (names: string) =>
        Effect.andThen(
          admin.sql.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`).unprepared,
          admin.sql`SELECT pg_reload_conf()`
        )
      const backends = (what: string) =>
        sql<{ n: number }>`
        SELECT count(*)::integer AS n FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND ${sql.literal(what)}
      `.pipe(Effect.map(([row]) => row!.n))

      yield* add(1)
      yield* ended(1)
      yield* awaitStandbys("absent")
      yield* sql`SET synchronous_commit = local`
      yield* sql`INSERT INTO pgq.jobs (name, payload) VALUES ('post', '2')`
      yield* BusyWorker.eventually(Effect.map(
        backends("query = 'COMMIT' AND wait_event = 'SyncRep'"),
        (n) => assert.strictEqual(n, 1)
      ))
      yield* proxy.cut
      yield* BusyWorker.eventually(Effect.map(
        backends("query LIKE '%settled%' AND wait_event_type = 'Lock'"),
        (n) => assert.strictEqual(n, 1)
      ))
      yield* awaitStandbys("")
      yield* ended(2)

      assert.strictEqual(runs.get(2), 1)
    }).pipe(Effect.scoped),
  patience
)
