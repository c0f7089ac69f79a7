/**
 * Whether a claim knows that it has found all jobs, and what a worker makes of it.
 *
 * Tests `src/layers/postgres/PgClaim.ts`, `src/domain/Idle.ts` and `sql/0004_claim.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Schema, Tracer } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { queueName, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { asleep, options, producer, start } from "../Live.ts"

/** A claim of at most `limit` jobs. */
const claim = Effect.fnUntraced(
  function*({ limit, queues, worker }: {
    readonly limit: number
    readonly queues: ReadonlyArray<string>
    readonly worker: string
  }) {
    const repo = yield* JobRepo
    const { hasFoundAll, isBehind, jobs } = yield* repo.claim({
      queues,
      worker,
      limit,
      slots: limit,
      perLaneMax: 0
    })
    return { found: jobs.length, hasFoundAll, isBehind }
  }
)

const setup = Effect.gen(function*() {
  const queue = yield* queueName
  return { queue, session: yield* Session.open, worker: yield* workerOf(queue) }
})

layer(PgQueue.layer, options)("a claim", (it) => {
  it.effect("has found all jobs if it finds fewer than it asked for", () =>
    Effect.gen(function*() {
      const { queue, session, worker } = yield* setup
      yield* session.insert({ queue })
      yield* session.insert({ queue, key: "k" })

      const two = yield* claim({ limit: 3, queues: [queue], worker })

      assert.deepStrictEqual(two, { found: 2, hasFoundAll: true, isBehind: false })
    }))

  it.effect("may have left some if it finds as many", () =>
    Effect.gen(function*() {
      const { queue, session, worker } = yield* setup
      yield* session.insert({ queue })

      const one = yield* claim({ limit: 1, queues: [queue], worker })

      assert.deepStrictEqual(one, { found: 1, hasFoundAll: false, isBehind: false })
    }))

  it.effect("may have left some of one queue for the share of another", () =>
    Effect.gen(function*() {
      const { queue, session, worker } = yield* setup
      const other = yield* queueName
      for (const each of [queue, queue, queue, other]) yield* session.insert({ queue: each })

      const three = yield* claim({ limit: 4, queues: [queue, other], worker })

      assert.deepStrictEqual(three, { found: 3, hasFoundAll: false, isBehind: false })
    }))

  it.effect("may have left suspects", () =>
    Effect.gen(function*() {
      const { queue, session, worker } = yield* setup
      const suspects = [yield* session.insert({ queue }), yield* session.insert({ queue })]
      yield* session.asStep(`UPDATE pgq.jobs SET crash_count = 2 WHERE id IN (${suspects.join()})`)
      yield* session.insert({ queue })

      const two = yield* claim({ limit: 10, queues: [queue], worker })

      assert.deepStrictEqual(two, { found: 2, hasFoundAll: false, isBehind: true })
    }))

  it.effect("may have left lanes that were not put in order yet", () =>
    Effect.gen(function*() {
      const { queue, session, worker } = yield* setup
      yield* session.sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key)
        SELECT ${queue}, 'test', n::text FROM generate_series(1, 201) AS n
      `

      const some = yield* claim({ limit: 1000, queues: [queue], worker })

      assert.deepStrictEqual(some, { found: 200, hasFoundAll: false, isBehind: true })
    }))

  it.effect("may have left jobs below its floors", () =>
    Effect.gen(function*() {
      const { queue, session, worker } = yield* setup
      yield* session.sql`
        INSERT INTO pgq.jobs (queue, name) SELECT ${queue}, 'test' FROM generate_series(1, 51)
      `

      yield* claim({ limit: 50, queues: [queue], worker })
      const last = yield* claim({ limit: 50, queues: [queue], worker })

      assert.deepStrictEqual(last, { found: 1, hasFoundAll: false, isBehind: false })
    }))
})

const Ping = Job.make("ping", { payload: Schema.Finite })

layer(producer, options)("a worker that is woken", (it) => {
  it.effect("claims once for a job", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      let claims = 0
      const counting = Layer.succeed(
        Tracer.Tracer,
        Tracer.make({
          span: (options) => {
            if (options.name === "JobRepo.claim") claims++
            return new Tracer.NativeSpan(options)
          }
        })
      )
      const started = Array.from({ length: 20 }, () => Deferred.makeUnsafe<void>())
      const handlers = Ping.toLayer((n) => Deferred.succeed(started[n]!, undefined))
      yield* start(handlers, { queues: [queue], lock: counting })
      yield* asleep(queue)
      yield* enqueue(Ping, 0, { queue })
      yield* Deferred.await(started[0]!)

      const before = claims
      for (const [n, start] of started.entries()) {
        if (n === 0) continue
        yield* enqueue(Ping, n, { queue })
        yield* Deferred.await(start)
      }

      // One job may come by a pause that ended by itself, and then a second claim follows.
      assert.isAbove(before, 0)
      assert.isAtMost(claims - before, 25)
    }))
})
