/**
 * Workers that lose their connections, or are reported dead, while they work.
 *
 * Tests `src/layers/worker/Heartbeat.ts` and `src/layers/worker/ClaimLoop.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import * as Session from "../../support/Session.ts"
import { finished, finishedAll, held, options, producer, start } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.Finite })

/** The trigger lets a worker join only while no session holds the advisory lock of its queue. */
const joinsThroughGate = [
  `CREATE FUNCTION public.pass_gate() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext(NEW.queues[1]));
    RETURN NEW;
  END $$`,
  `CREATE TRIGGER pass_gate BEFORE INSERT ON pgq.workers
    FOR EACH ROW EXECUTE FUNCTION public.pass_gate()`
]

layer(producer, options)("a queue", (it) => {
  it.effect("that renews keeps a job for longer than its lease", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      const queue = yield* queueName
      let runs = 0
      const handlers = Task.toLayer(() => {
        runs++
        return Effect.sleep("700 millis")
      })
      yield* start(handlers, { queues: [queue], lease: "200 millis" })
      yield* enqueue(Task, 0, { queue })

      yield* eventually(Effect.gen(function*() {
        yield* session.sql`SELECT pgq.note_late(), pgq.rescue()`
        assert.lengthOf(yield* finished(queue), 1)
      }))

      assert.strictEqual(runs, 1)
    }))

  it.effect("that is stopped while it joins leaves no worker behind", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      const queue = yield* queueName
      const gate = session.sql`hashtext(${queue})`
      for (const statement of joinsThroughGate) yield* session.sql.unsafe(statement).unprepared
      yield* session.sql`SELECT pg_advisory_lock(${gate})`
      const starting = yield* Effect.forkChild(
        start(Task.toLayer(() => Effect.void), { queues: [queue] })
      )
      yield* Session.someoneWaits

      const stopping = yield* Effect.forkChild(Fiber.interrupt(starting), {
        startImmediately: true
      })
      // The worker must not sign off before it has joined.
      yield* Effect.timeoutOption(Fiber.await(stopping), "300 millis")
      yield* session.sql`SELECT pg_advisory_unlock(${gate})`
      yield* Fiber.join(stopping)
      // The exclusive lock waits for every worker that is still joining.
      yield* session.sql`SELECT pg_advisory_lock(${gate})`

      const workers = yield* session.sql`SELECT id FROM pgq.workers WHERE ${queue} = ANY (queues)`
      assert.isEmpty(workers)
    }))

  it.effect("that was taken for dead breaks off, and its late settlement changes nothing", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      const queue = yield* queueName
      const started = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const trace: Array<string> = []
      // The first run cannot be interrupted, so it ends after the second run.
      const frozen = Task.toLayer(() =>
        Effect.uninterruptible(Effect.gen(function*() {
          yield* Deferred.succeed(started, undefined)
          yield* Deferred.await(goOn)
          trace.push("the first ends")
        }))
      )
      const successor = Task.toLayer(() => void trace.push("the second ends"))
      const id = yield* enqueue(Task, 0, { queue, key: "k" })
      yield* start(frozen, { queues: [queue], workers: 1 })
      yield* Deferred.await(started)

      yield* session.sql`SELECT pgq.leave(id, true) FROM pgq.workers WHERE ${queue} = ANY (queues)`
      const control = yield* start(successor, { queues: [queue] })
      yield* finishedAll(queue, 1)
      yield* Deferred.succeed(goOn, undefined)
      yield* eventually(Effect.sync(() => assert.lengthOf(trace, 2)))
      yield* control.stop("drain")
      yield* control.ended

      const jobs = yield* finished(queue)
      assert.deepStrictEqual(jobs.map((job) => [job.id, job.outcome, job.attempt]), [[
        id,
        "completed",
        1
      ]])
      assert.deepStrictEqual(trace, ["the second ends", "the first ends"])
    }))

  it.effect("goes on when its connections are cut, and loses nothing", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      const queue = yield* queueName
      const runs = new Map<string, Array<number>>()
      const handlers = Task.toLayer((n, { key = "none" }) => {
        runs.set(key, [...runs.get(key) ?? [], n])
        return n % 5 === 0 ? Effect.sleep("2 millis") : Effect.void
      })
      const ids = yield* enqueueAll(
        Task,
        Array.from({ length: 600 }, (_, payload) => ({
          payload,
          queue,
          key: payload % 3 === 0 ? undefined : `k${payload % 7}`
        }))
      )
      yield* start(handlers, { queues: [queue] })

      const done = Effect.map(
        session.sql<{ n: number }>`
          SELECT count(*)::integer AS n FROM pgq.finished_jobs WHERE queue = ${queue}
        `,
        ([row]) => row!.n
      )
      for (const enough of [50, 200, 350]) {
        yield* eventually(Effect.map(done, (n) => assert.isAtLeast(n, enough)))
        yield* session.sql`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()
        `
      }
      yield* eventually(Effect.map(done, (n) => assert.strictEqual(n, 600)))

      const jobs = yield* eventually(finished(queue))
      assert.deepStrictEqual(jobs.map(({ id }) => id).toSorted((a, b) => Number(a - b)), ids)
      assert.isTrue(jobs.every(({ outcome }) => outcome === "completed"))
      for (const [key, order] of runs) {
        if (key === "none") continue
        assert.deepStrictEqual(order, order.toSorted((a, b) => a - b), key)
      }
      yield* eventually(Effect.map(held(queue), ({ leased }) => assert.strictEqual(leased, 0)))
    }))
})
