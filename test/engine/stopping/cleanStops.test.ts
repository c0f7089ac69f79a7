/**
 * A worker that stops cleanly leaves no lease, no worker row and no lock in the database.
 *
 * Tests `src/layers/worker/Worker.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Schema, Scope } from "effect"
import { stopModes } from "../../../src/domain/StopMode.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { queueName } from "../../Given.ts"
import { asleep, finished, held, options, producer, start, unfinished } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.Finite })

/** The number of advisory locks in this database. */
const advisoryLocks = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ locks: number }>`
    SELECT count(*)::integer AS locks FROM pg_locks
    WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  `
  return row!.locks
})

/** Handlers that run until their signal aborts. */
const untilAborted = (started: Deferred.Deferred<void>) =>
  Task.toLayer((_, { signal }) =>
    new Promise<never>((_, reject) => {
      Deferred.doneUnsafe(started, Exit.void)
      signal.addEventListener("abort", () => reject(signal.reason))
    })
  )

layer(producer, options)("a queue that has stopped", (it) => {
  for (const mode of stopModes) {
    it.effect(`by ${mode} has left no lease, no worker and no lock`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const started = yield* Deferred.make<void>()
        const goOn = yield* Deferred.make<void>()
        let running = 0
        const handlers = Task.toLayer(() => {
          if (++running === 2) Deferred.doneUnsafe(started, Exit.void)
          return Deferred.await(goOn)
        })
        const ids = yield* enqueueAll(
          Task,
          [0, 1, 2, 3].map((payload) => ({ payload, queue, key: payload < 2 ? "k" : undefined }))
        )
        const control = yield* start(handlers, { queues: [queue], workers: 2 })
        yield* Deferred.await(started)

        yield* control.stop(mode)
        if (mode !== "cancel") yield* Deferred.succeed(goOn, undefined)
        const leftBehind = yield* control.ended

        assert.deepStrictEqual(leftBehind, [])
        assert.deepStrictEqual(yield* held(queue), { leased: 0, workers: 0 })
        assert.strictEqual(yield* advisoryLocks, 0)
        const left = yield* unfinished(queue)
        assert.lengthOf(left, { drain: 0, finish: 2, cancel: 4 }[mode])
        assert.isTrue(left.every(({ failures, error }) => failures === 0 && error === null))
        assert.lengthOf(yield* finished(queue), ids.length - left.length)
      }))
  }

  it.effect("by the end of its scope has left nothing, after its jobs were cut short", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const started = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      yield* enqueue(Task, 0, { queue })
      yield* start(untilAborted(started), { queues: [queue], grace: "200 millis", scope })
      yield* Deferred.await(started)

      yield* Scope.close(scope, Exit.void)

      assert.deepStrictEqual(yield* held(queue), { leased: 0, workers: 0 })
      const [job] = yield* unfinished(queue)
      assert.deepStrictEqual([job?.state, job?.failures, job?.crash_count], ["ready", 0, 0])
    }))

  it.effect("with jobs that would not stop has left them leased, for others to rescue", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const started = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const handlers = Task.toLayer(() => {
        Deferred.doneUnsafe(started, Exit.void)
        return new Promise<never>(() => {})
      })
      const id = yield* enqueue(Task, 0, { queue })
      const control = yield* start(handlers, { queues: [queue], grace: "100 millis", scope })
      yield* Deferred.await(started)

      yield* control.stop("cancel")
      const leftBehind = yield* control.ended
      yield* Scope.close(scope, Exit.void)

      assert.deepStrictEqual(leftBehind, [id])
      assert.deepStrictEqual(yield* held(queue), { leased: 1, workers: 1 })
      yield* sql`
        UPDATE pgq.workers SET lease = '0', lease_until = now() WHERE ${queue} = ANY (queues)
      `
      yield* sql`SELECT pgq.note_late(), pgq.rescue()`
      assert.deepStrictEqual(yield* held(queue), { leased: 0, workers: 0 })
      assert.strictEqual((yield* unfinished(queue))[0]?.state, "ready")
    }))

  it.effect("has drained only when nothing waits, behind keys or not, but what is for later", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueueAll(
        Task,
        Array.from({ length: 60 }, (_, payload) => ({ payload, queue, key: `k${payload % 3}` }))
      )
      yield* enqueue(Task, 60, { queue, runAt: new Date("2999-01-01") })
      const control = yield* start(Task.toLayer(() => Effect.yieldNow), { queues: [queue] })

      yield* control.stop("drain")
      yield* control.ended

      assert.lengthOf(yield* finished(queue), 60)
      assert.deepStrictEqual((yield* unfinished(queue)).map(({ state }) => state), ["scheduled"])
    }))

  it.effect("drains at once when it is idle", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const control = yield* start(Task.toLayer(() => undefined), { queues: [queue] })
      yield* asleep(queue)

      yield* control.stop("drain")

      assert.deepStrictEqual(yield* control.ended, [])
    }))
})
