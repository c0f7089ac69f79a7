/**
 * How jobs are added: by code and by SQL, in the caller's transaction, checked, and in automatic
 * batches.
 *
 * Tests `src/layers/postgres/PgEnqueue.ts` and `sql/0002_enqueue.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { jobOf, queueName } from "../../Given.ts"
import { finishedAll, options, producer, start, unfinished } from "../Live.ts"

const Mark = Job.make("mark", { payload: Schema.String })

layer(producer, options)("enqueuing", (it) => {
  for (const key of [undefined, "k"]) {
    const kind = key === undefined ? "without a key" : "of one key"
    it.effect(`orders jobs ${kind} by urgency, then creation, whichever way they come`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const queue = yield* queueName
        yield* enqueue(Mark, "3", { queue, key })
        yield* sql`
          INSERT INTO pgq.jobs (queue, name, payload, serialization_key)
          VALUES (${queue}, 'mark', '"4"', ${key ?? null}), (${queue}, 'mark', '"5"', ${
          key ?? null
        })
        `
        yield* sql`
          SELECT pgq.enqueue(name => 'mark', payload => '"1"', key => ${key ?? null},
                             priority => 5, queue => ${queue})
        `
        yield* enqueueAll(Mark, [
          { payload: "6", queue, key },
          { payload: "2", queue, key, priority: 5 },
          { payload: "7", queue, key, priority: -1 }
        ])

        const trace: Array<string> = []
        const handlers = Mark.toLayer((text) =>
          Effect.gen(function*() {
            trace.push(`start ${text}`)
            yield* Effect.yieldNow
            trace.push(`end ${text}`)
          })
        )
        yield* start(handlers, { queues: [queue], workers: key === undefined ? 1 : 5 })

        yield* finishedAll(queue, 7)
        const inTurn = ["1", "2", "3", "4", "5", "6", "7"].flatMap((
          n
        ) => [`start ${n}`, `end ${n}`])
        assert.deepStrictEqual(trace, inTurn)
      }))
  }

  it.effect("joins the caller's transaction, for better or worse", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const add = (text: string) =>
        Effect.andThen(
          enqueue(Mark, `${text} one`, { queue }),
          enqueueAll(Mark, [{ payload: `${text} two`, queue }, { payload: `${text} three`, queue }])
        )

      yield* sql.withTransaction(Effect.andThen(add("lost"), Effect.fail("no"))).pipe(Effect.flip)
      yield* sql.withTransaction(add("kept"))

      const ran: Array<string> = []
      yield* start(Mark.toLayer((text) => void ran.push(text)), { queues: [queue], workers: 1 })
      yield* finishedAll(queue, 3)
      assert.deepStrictEqual(ran, ["kept one", "kept two", "kept three"])
    }))

  it.effect("keeps the jobs of a transaction apart from those that others add meanwhile", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const kept: Array<bigint> = []
      const others = yield* enqueue(Mark, "kept", { queue }).pipe(
        Effect.map((id) => void kept.push(id)),
        Effect.forever,
        Effect.forkChild({ startImmediately: true })
      )

      for (let round = 0; round < 20 || kept.length < 20; round++) {
        const lost = Effect.andThen(enqueue(Mark, "lost", { queue }), Effect.fail("no"))
        yield* Effect.flip(sql.withTransaction(lost))
      }
      yield* Fiber.interrupt(others)

      const stored = yield* sql<{ id: bigint; text: string }>`
        SELECT id, payload #>> '{}' AS text FROM pgq.jobs WHERE queue = ${queue}
      `
      const ids = new Set(stored.map(({ id }) => id))
      assert.isNotEmpty(kept)
      assert.isTrue(kept.every((id) => ids.has(id)))
      assert.isTrue(stored.every(({ text }) => text === "kept"))
    }))

  it.effect("turns many single calls into few statements", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName

      const ids = yield* Effect.forEach(
        Array.from({ length: 500 }, (_, n) => String(n)),
        (text) => enqueue(Mark, text, { queue }),
        { concurrency: "unbounded" }
      )

      const stored = yield* sql<{ id: bigint; text: string; transaction: string }>`
        SELECT id, payload #>> '{}' AS text, xmin::text AS transaction
        FROM pgq.jobs WHERE queue = ${queue} ORDER BY id
      `
      assert.deepStrictEqual(stored.map(({ id }) => id), ids)
      assert.deepStrictEqual(stored.map(({ text }) => Number(text)), Array.from(ids.keys()))
      assert.isAtMost(new Set(stored.map(({ transaction }) => transaction)).size, 10)
    }))

  it.effect("lets a job that the table refuses fail alone", () =>
    Effect.gen(function*() {
      const repo = yield* JobRepo
      const queue = yield* queueName
      // The text is short. PostgreSQL writes its numbers with all digits, which takes more than a
      // megabyte.
      const bad = jobOf(queue, { payload: `[${Array(9).fill("1e131071").join()}]` })
      const jobs = Array.from({ length: 20 }, (_, n) => n === 7 ? bad : jobOf(queue))

      const results = yield* Effect.forEach(jobs, (job) => Effect.result(repo.enqueue([job])), {
        concurrency: "unbounded"
      })

      const failures = results.flatMap((result, n) =>
        result._tag === "Failure" ? [{ n, code: result.failure.code }] : []
      )
      assert.deepStrictEqual(failures, [{ n: 7, code: "23514" }])
      assert.lengthOf(yield* unfinished(queue), 19)
    }))
})
