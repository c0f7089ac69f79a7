/**
 * Transactional jobs whose transaction is not committed: nothing of it stands.
 *
 * Tests `src/layers/postgres/PgTransact.ts` and `src/layers/worker/Completing.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schema } from "effect"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import type * as LogLines from "../../support/LogLines.ts"
import * as Session from "../../support/Session.ts"
import { finished, finishedAll, options, start } from "../Live.ts"
import { database, note, notes, type Payload, Post, type Services, work } from "./Transactional.ts"

layer(database, options)("a transactional job", (it) => {
  it.effect("whose lease is lost before its commit leaves nothing, and uses no attempt", () =>
    Effect.gen(function*() {
      const lines: Array<LogLines.LogLine> = []
      const attempts: Array<number> = []
      const queue = yield* work(
        Effect.fnUntraced(function*({ n, queue }, { attempt, id }) {
          const { sql } = yield* Session.open
          yield* note(queue, n)
          attempts.push(attempt)
          if (attempts.length === 1) {
            yield* sql`DELETE FROM pgq.leases WHERE ${id} = ANY (job_ids)`
          }
          return { at: n }
        }, Effect.scoped),
        { lines }
      )

      yield* enqueue(Post, { queue, n: 1 }, { queue })
      yield* finishedAll(queue, 1)

      assert.deepStrictEqual([attempts, yield* notes(queue)], [[1, 1], [1]])
    }))

  it.effect("of two runs whose worker was taken for dead has the effects of one", () =>
    Effect.gen(function*() {
      const runs: Array<Deferred.Deferred<void>> = []
      const both = yield* Deferred.make<void>()
      const handler = Effect.fnUntraced(function*(
        { n, queue }: typeof Payload.Type
      ) {
        const mayEnd = yield* Deferred.make<void>()
        yield* note(queue, n)
        if (runs.push(mayEnd) === 2) yield* Deferred.succeed(both, undefined)
        yield* Deferred.await(mayEnd)
        return { at: n }
      })
      const queue = yield* work(handler)
      const services = yield* Effect.context<Services>()
      const sql = yield* PgClient.PgClient
      const id = yield* enqueue(Post, { queue, n: 1 }, { queue })
      yield* eventually(Effect.sync(() => assert.lengthOf(runs, 1)))

      // The lease goes to another worker, and the first one does not know.
      yield* start(
        Post.toLayer((payload) => Effect.provideContext(handler(payload), services)),
        { queues: [queue] }
      )
      yield* sql`DELETE FROM pgq.leases WHERE ${id} = ANY (job_ids)`
      yield* Deferred.await(both)
      yield* Effect.forEach(runs, (run) => Deferred.succeed(run, undefined))
      yield* finishedAll(queue, 1)

      assert.deepStrictEqual(yield* notes(queue), [1])
    }))

  it.effect("that breaks a deferred constraint of the user's falls under onDefect", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`CREATE TABLE few (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)`
      const Twice = Job.make("twice", {
        transactional: { timeout: "10 seconds" },
        onDefect: OnError.fail
      })
      const queue = yield* queueName
      yield* start(
        Twice.toLayer(() => Effect.orDie(sql`INSERT INTO few VALUES (1), (1)`)),
        { queues: [queue] }
      )

      yield* enqueue(Twice, undefined, { queue })
      yield* finishedAll(queue, 1)

      const [end] = yield* finished(queue)
      assert.strictEqual(end?.outcome, "failed")
      assert.match(end?.error ?? "", /duplicate key value violates unique constraint/)
    }))

  it.effect("is interrupted when its time is up, and nothing of it stands", () =>
    Effect.gen(function*() {
      const Slow = Job.make("slow", {
        transactional: { timeout: "300 millis" },
        onTimeout: OnError.fail
      })
      const queue = yield* queueName
      const services = yield* Effect.context<PgClient.PgClient>()
      let limits: unknown
      yield* start(
        Layer.provide(
          Slow.toLayer(() =>
            Effect.gen(function*() {
              const sql = yield* PgClient.PgClient
              limits = (yield* sql`
                SELECT current_setting('idle_in_transaction_session_timeout') AS idle,
                       current_setting('transaction_timeout', true) AS whole
              `)[0]
              yield* note(queue, 1)
              return yield* Effect.never
            })
          ),
          Layer.succeedContext(services)
        ),
        { queues: [queue] }
      )

      yield* enqueue(Slow, undefined, { queue })
      yield* finishedAll(queue, 1)

      const [end] = yield* finished(queue)
      assert.deepStrictEqual([end?.outcome, end?.error], ["failed", "timed out after 0.3 s"])
      assert.deepStrictEqual(yield* notes(queue), [])
      assert.include(limits, { idle: "1300ms" })
    }))

  it.effect("whose connection is killed is given back, and runs again without an attempt", () =>
    Effect.gen(function*() {
      const attempts: Array<number> = []
      const queue = yield* work(Effect.fnUntraced(function*({ n, queue }, { attempt }) {
        const sql = yield* PgClient.PgClient
        yield* note(queue, n)
        attempts.push(attempt)
        if (attempts.length === 1) yield* sql`SELECT pg_terminate_backend(pg_backend_pid())`
        return { at: n }
      }))

      yield* enqueue(Post, { queue, n: 1 }, { queue })
      yield* finishedAll(queue, 1)

      assert.deepStrictEqual([attempts, yield* notes(queue)], [[1, 1], [1]])
    }))

  it.effect("that goes on with a value that is no Effect gives its connection back", () =>
    Effect.gen(function*() {
      const Broken = Job.make("broken", {
        payload: Schema.Boolean,
        maxAttempts: 1,
        transactional: { timeout: "10 seconds" }
      })
      const queue = yield* queueName
      const number: Effect.Effect<void> = JSON.parse("7")
      yield* start(
        Broken.toLayer((isBroken) =>
          Effect.flatMap(Effect.void, () => isBroken ? number : Effect.void)
        ),
        { queues: [queue], workers: 1 }
      )

      yield* enqueueAll(Broken, Array.from({ length: 12 }, (_, n) => ({ payload: n < 11, queue })))
      yield* finishedAll(queue, 12)

      const outcomes = (yield* finished(queue)).map(({ outcome }) => outcome)
      const failures = Array.from({ length: 11 }, () => "failed")
      assert.sameMembers(outcomes, [...failures, "completed"])
    }))

  it.effect("learns why it is interrupted", () =>
    Effect.gen(function*() {
      const reasons: Array<unknown> = []
      const Slow = Job.make("slow", {
        transactional: { timeout: "100 millis" },
        onTimeout: OnError.fail
      })
      const queue = yield* queueName
      yield* start(
        Slow.toLayer(() =>
          Effect.onExit(Effect.never, (exit) =>
            Effect.sync(() => {
              if (Exit.isFailure(exit)) reasons.push(Job.interruption(exit.cause)?.why)
            }))
        ),
        { queues: [queue] }
      )

      yield* enqueue(Slow, undefined, { queue })
      yield* finishedAll(queue, 1)

      assert.deepStrictEqual(reasons, ["timedOut"])
    }))

  it.effect("is cancelled as any job: its transaction is rolled back", () =>
    Effect.gen(function*() {
      const isOpen = yield* Deferred.make<void>()
      const queue = yield* work(({ n, queue }) =>
        note(queue, n).pipe(
          Effect.andThen(Deferred.succeed(isOpen, undefined)),
          Effect.andThen(Effect.never)
        )
      )

      const id = yield* enqueue(Post, { queue, n: 1 }, { queue })
      yield* Deferred.await(isOpen)
      const cancelling = yield* Effect.forkChild(Job.cancel(id, { wait: "10 seconds" }))
      yield* Fiber.join(cancelling)
      yield* finishedAll(queue, 1)

      assert.strictEqual((yield* finished(queue))[0]?.outcome, "cancelled")
      assert.deepStrictEqual(yield* notes(queue), [])
    }))
})
