/**
 * Cancels of jobs that workers run: how soon a run is over, and what becomes of its lane.
 *
 * Tests `src/layers/worker/Cancels.ts`, `src/layers/postgres/PgJobControl.ts` and
 * `sql/0013_control.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Schema } from "effect"
import { fileURLToPath } from "node:url"
import { type CancelCounts, Cancellation } from "../../../src/domain/Cancellation.ts"
import { JobInterrupted } from "../../../src/domain/Errors.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgJobControl from "../../../src/layers/postgres/PgJobControl.ts"
import type * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import * as Pgq from "../../cli/Pgq.ts"
import { eventually, queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { TestDatabase } from "../../support/Postgres.ts"
import { finished, finishedAll, millis, options, producer, start, unfinished } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.Finite })

/** No worker renews this lease in the time of a test. */
const longLease = "2 minutes"

/**
 * A worker with one slot, whose jobs with a negative payload run until they are interrupted.
 * `started` and `reasons` learn of each of their runs.
 */
const running = Effect.fnUntraced(function*(settings: QueueLive.Options = {}) {
  const queue = yield* queueName
  const started: Array<number> = []
  const reasons: Array<unknown> = []
  const handlers = Task.toLayer((payload, { signal }) => {
    started.push(payload)
    return payload >= 0 ?
      Effect.void :
      Effect.onInterrupt(Effect.never, () => Effect.sync(() => void reasons.push(signal.reason)))
  })
  yield* start(handlers, { queues: [queue], lease: longLease, workers: 1, ...settings })
  const hasStarted = (count: number) =>
    eventually(Effect.sync(() => assert.lengthOf(started, count)))
  return { queue, started, reasons, hasStarted }
})

const cancel = (ids: ReadonlyArray<bigint>) =>
  JobControl.use((control) => control.cancel(ids, { reason: "not wanted" }))

/** How many milliseconds pass until a queue has so many finished jobs. */
const timeUntil = Effect.fnUntraced(function*(queue: string, count: number) {
  const began = yield* millis
  const jobs = yield* finishedAll(queue, count)
  return { jobs, took: (yield* millis) - began }
})

const ends = (jobs: ReadonlyArray<{ readonly outcome: string; readonly error: string | null }>) =>
  jobs.map(({ error, outcome }) => ({ outcome, error }))

const notWanted = { outcome: "cancelled", error: "not wanted" }

const services = Layer.provideMerge(PgJobControl.layer({ schema: PgQueue.schema }), producer)

layer(services, options)("a running job that is cancelled", (it) => {
  it.effect("is over at once where its worker listens, and knows why", () =>
    Effect.gen(function*() {
      const { hasStarted, queue, reasons } = yield* running()
      const id = yield* enqueue(Task, -1, { queue })
      yield* hasStarted(1)

      const answers = yield* cancel([id])
      const { jobs, took } = yield* timeUntil(queue, 1)

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Stopping"])
      assert.deepStrictEqual(ends(jobs), [notWanted])
      assert.deepStrictEqual(reasons, [new JobInterrupted({ why: "cancelled" })])
      assert.isBelow(took, 3000)
    }))

  it.effect("is over soon where its worker polls", () =>
    Effect.gen(function*() {
      const { hasStarted, queue } = yield* running({ notify: "poll" })
      const id = yield* enqueue(Task, -1, { queue })
      yield* hasStarted(1)

      yield* cancel([id])

      assert.deepStrictEqual(ends((yield* timeUntil(queue, 1)).jobs), [notWanted])
    }))

  it.effect("is over after a renewal where nothing is notified", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { hasStarted, queue } = yield* running({ lease: "600 millis" })
      const id = yield* enqueue(Task, -1, { queue })
      yield* hasStarted(1)

      yield* sql`UPDATE pgq.settings SET notify = false`
      yield* cancel([id])
      const { jobs, took } = yield* timeUntil(queue, 1)
      yield* sql`UPDATE pgq.settings SET notify = true`

      assert.deepStrictEqual(ends(jobs), [notWanted])
      assert.isBelow(took, 3000)
    }))

  it.effect("is over soon although its worker lost the connection that would have told it", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { hasStarted, queue } = yield* running()
      const id = yield* enqueue(Task, -1, { queue })
      yield* hasStarted(1)

      // The connection is gone before the notification is sent, which is at the commit.
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* cancel([id])
        yield* sql`
          SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'LISTEN%'
        `
      }))

      assert.deepStrictEqual(ends((yield* timeUntil(queue, 1)).jobs), [notWanted])
    }))

  it.effect("is completed if it succeeds nevertheless", () =>
    Effect.gen(function*() {
      const control = yield* JobControl
      const queue = yield* queueName
      const [begun, interrupted] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const handlers = Task.toLayer((_, { signal }) => {
        signal.addEventListener("abort", () => Deferred.doneUnsafe(interrupted, Effect.void))
        return Effect.uninterruptible(
          Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(interrupted))
        )
      })
      yield* start(handlers, { queues: [queue], lease: longLease })
      const id = yield* enqueue(Task, 1, { queue })
      yield* Deferred.await(begun)

      const answers = yield* cancel([id])
      const { jobs } = yield* timeUntil(queue, 1)

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Stopping"])
      assert.deepStrictEqual(ends(jobs), [{ outcome: "completed", error: null }])
      assert.deepStrictEqual(yield* cancel([id]), [
        Cancellation.Finished({ outcome: "completed" })
      ])
      assert.strictEqual(yield* control.outcomeOf(id), "completed")
    }))

  it.effect("never starts again if its worker is killed", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const [job] = yield* sql<{ id: bigint }>`
        INSERT INTO pgq.jobs (queue, name) VALUES (${queue}, 'compute') RETURNING id
      `
      // The handler computes, so its worker hears nothing.
      const worker = yield* Pgq.spawn([], {
        through: [process.execPath, spinner, url, queue, "with-watchdog"]
      })
      yield* worker.line(/computing/)

      const answers = yield* cancel([job!.id])
      process.kill(worker.pid, "SIGKILL")
      yield* sql`SELECT pgq.note_late(), pgq.rescue()`.pipe(
        Effect.andThen(unfinished(queue)),
        Effect.repeat({ until: (jobs) => jobs.length === 0 }),
        Effect.timeout("20 seconds")
      )

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Stopping"])
      assert.deepStrictEqual(ends(yield* finished(queue)), [notWanted])
    }))
})

const spinner = fileURLToPath(new URL("../liveness/spinner.mjs", import.meta.url))

layer(services, options)("the lane of a job that is cancelled", (it) => {
  for (const place of ["first", "second", "third"] as const) {
    it.effect(`goes on in order where that is the ${place} job`, () =>
      Effect.gen(function*() {
        const { hasStarted, queue, started } = yield* running()
        const at = ["first", "second", "third"].indexOf(place)
        const ids = yield* enqueueAll(
          Task,
          [-1, 2, 3, 4].map((payload) => ({ payload, queue, key: "k" }))
        )
        yield* hasStarted(1)

        yield* cancel([ids[at]!])
        if (at > 0) yield* cancel([ids[0]!])
        const { jobs } = yield* timeUntil(queue, 4)

        const cancelled = new Set([ids[0], ids[at]])
        assert.deepStrictEqual(
          jobs.map(({ id, outcome }) => [id, outcome]).toSorted(),
          ids.map((id) => [id, cancelled.has(id) ? "cancelled" : "completed"]).toSorted()
        )
        assert.deepStrictEqual(
          started,
          [-1, 2, 3, 4].filter((_, index) => index === 0 || index !== at)
        )
      }))
  }
})

layer(services, options)("cancels of many jobs", (it) => {
  it.effect("answer in the order given, however many they are", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const jobs = Array.from({ length: 1100 }, (_, payload) => ({ payload, queue }))
      const ids = yield* enqueueAll(Task, jobs)

      const answers = yield* cancel([0n, ...ids.toReversed(), 0n])

      assert.deepStrictEqual(
        answers.map(({ _tag }) => _tag),
        ["Unknown", ...ids.map(() => "Cancelled"), "Unknown"]
      )
      assert.deepStrictEqual(yield* unfinished(queue), [])
    }))

  it.effect("take those that the filter names, step by step", () =>
    Effect.gen(function*() {
      const control = yield* JobControl
      const queue = yield* queueName
      const jobs = Array.from({ length: 1200 }, (_, payload) => ({
        payload,
        queue,
        ...payload % 2 === 0 ? { key: "even" } : {}
      }))
      yield* enqueueAll(Task, jobs)

      const counts: Array<number> = []
      let after: bigint | undefined = 0n
      while (after !== undefined) {
        const step: CancelCounts & { readonly last: bigint | undefined } = yield* control
          .cancelSome({ queue, key: "even", states: ["waiting"] }, { after })
        assert.deepStrictEqual([step.held, step.stopping], [0, 0])
        counts.push(step.cancelled)
        after = step.last
      }

      assert.deepStrictEqual(counts, [500, 100])
      assert.lengthOf(yield* unfinished(queue), 600)
    }))

  it.effect("leave alone the jobs that run, where the filter names those that wait", () =>
    Effect.gen(function*() {
      const control = yield* JobControl
      const { hasStarted, queue } = yield* running()
      const [first] = yield* enqueueAll(Task, [{ payload: -1, queue }])
      yield* hasStarted(1)
      yield* enqueueAll(Task, [-2, -3].map((payload) => ({ payload, queue, delay: "1 hour" })))
      const some = (filter: object) => control.cancelSome({ queue, ...filter }, { after: 0n })

      const one = yield* some({ states: ["waiting"], limit: 1 })
      const others = yield* some({ states: ["waiting"] })
      const ran = yield* some({ name: "task", states: ["running"] })

      assert.deepStrictEqual(one, { cancelled: 1, stopping: 0, held: 0, last: first! + 1n })
      assert.deepStrictEqual(others, { cancelled: 1, stopping: 0, held: 0, last: undefined })
      assert.deepStrictEqual(ran, { cancelled: 0, stopping: 1, held: 0, last: undefined })
    }))
})
