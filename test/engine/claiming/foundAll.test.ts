/**
 * Whether a claim knows that it has found all jobs, and what a worker makes of it.
 *
 * Tests `src/layers/postgres/PgClaim.ts`, `src/domain/Idle.ts` and `sql/0004_claim.sql`.
 */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { queueName, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { options } from "../Live.ts"
import * as Memory from "../Memory.ts"

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

/** Counts the claims of a worker that gets twenty jobs, one after the other. */
const claimsOfTwenty = Effect.fnUntraced(function*(hasFoundAll: boolean) {
  let claims = 0
  let ran = 0
  yield* Memory.start(Ping.toLayer(() => Effect.sync(() => void ran++)), {
    repo: (repo) => ({
      ...repo,
      claim: (options) => {
        claims++
        return Effect.map(repo.claim(options), (claimed) => ({ ...claimed, hasFoundAll }))
      }
    })
  })
  // The worker falls asleep, and is woken for the first time.
  yield* TestClock.adjust(1)
  yield* enqueue(Ping, 0)
  yield* TestClock.adjust(1)

  const before = claims
  for (let n = 1; n <= 20; n++) {
    yield* enqueue(Ping, n)
    yield* TestClock.adjust(1)
  }
  assert.strictEqual(ran, 21)
  return claims - before
})

describe("a worker that is woken", () => {
  it.effect("claims once for a job, if that was all", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* claimsOfTwenty(true), 20)
    }).pipe(Effect.provide(MemorySchema.layer)))

  it.effect("claims whenever a job has ended, if no producer ever woke it", () =>
    Effect.gen(function*() {
      const started: Array<number> = []
      const handlers = Ping.toLayer((millis) =>
        Effect.andThen(Effect.sync(() => void started.push(millis)), Effect.sleep(millis))
      )
      yield* enqueueAll(Ping, [{ payload: 50 }, { payload: 150 }])
      yield* Memory.start(handlers, {
        workers: 10,
        notifier: (notifier) => ({ ...notifier, wakes: Stream.never })
      })
      // The first job ends, a claim finds nothing, and the worker pauses for 160 milliseconds.
      yield* TestClock.adjust("100 millis")
      yield* enqueue(Ping, 1)
      yield* TestClock.adjust("40 millis")
      assert.deepStrictEqual(started, [50, 150])

      yield* TestClock.adjust("15 millis")
      assert.deepStrictEqual(started, [50, 150, 1])
    }).pipe(Effect.provide(MemorySchema.layer)))

  it.effect("claims again, if there may be more", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* claimsOfTwenty(false), 40)
    }).pipe(Effect.provide(MemorySchema.layer)))
})
