/**
 * Jobs of one key, run by whole workers.
 *
 * Tests `sql/0003_lanes.sql` and `sql/0004_claim.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import * as AdvisoryLock from "../../../src/layers/locks/AdvisoryLock.ts"
import * as RowLock from "../../../src/layers/locks/RowLock.ts"
import * as SoloLock from "../../../src/layers/locks/SoloLock.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import { finishedAll, options, producer, start, unfinished } from "../Live.ts"

const Step = Job.make("step", { payload: Schema.Finite, maxAttempts: 2, backoffBase: "5 millis" })

const pairs = {
  "row locks": [RowLock.layer, RowLock.layer],
  "row locks and an advisory lock": [RowLock.layer, AdvisoryLock.layer({ key: 42n })],
  "two different advisory locks": [
    AdvisoryLock.layer({ key: 42n }),
    AdvisoryLock.layer({ key: [7, 9] })
  ],
  "an advisory lock and solo": [AdvisoryLock.layer({ key: 42n }), SoloLock.layer]
} as const

layer(producer, options)("the jobs of a key", (it) => {
  for (const [modes, locks] of Object.entries(pairs)) {
    it.effect(`take turns, in order, in two processes with ${modes}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const faults: Array<string> = []
        const running = new Set<string>()
        const done = new Map<string, Array<number>>()
        const shares = [0, 0]
        const handlers = (process: number) =>
          Step.toLayer((n, { attempt, key = "" }) =>
            Effect.gen(function*() {
              shares[process]!++
              if (running.has(key)) faults.push(`${n} overlaps in ${key}`)
              running.add(key)
              if (n % 8 === 0) yield* Effect.sleep("1 millis")
              if (n % 50 === 0 && attempt === 1) return yield* Effect.fail("once more")
              done.set(key, [...done.get(key) ?? [], n])
            }).pipe(Effect.ensuring(Effect.sync(() => running.delete(key))))
          )
        for (const [process, lock] of locks.entries()) {
          yield* start(handlers(process), { queues: [queue], lock })
        }

        const jobs = Array.from(
          { length: 400 },
          (_, n) => ({ payload: n, queue, key: `k${n % 7}` })
        )
        for (let at = 0; at < jobs.length; at += 20) {
          yield* enqueueAll(Step, jobs.slice(at, at + 20))
        }

        yield* finishedAll(queue, 400)
        assert.deepStrictEqual(faults, [])
        assert.isAbove(Math.min(...shares), 0)
        for (const [key, order] of done) {
          const expected = jobs.filter((job) => job.key === key).map(({ payload }) => payload)
          assert.deepStrictEqual(order, expected)
        }
      }))
  }

  it.effect("let a more urgent one go before their head while that waits", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [busy, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const ran: Array<number> = []
      const handlers = Step.toLayer((n) =>
        n === 0
          ? Effect.andThen(Deferred.succeed(busy, undefined), Deferred.await(goOn))
          : void ran.push(n)
      )
      // The claim of the first job makes the second job the head of its lane. The second job stays
      // ready, because the only slot is taken.
      yield* enqueueAll(Step, [
        { payload: 0, queue, priority: 9 },
        { payload: 2, queue, key: "k" },
        { payload: 3, queue, key: "k" }
      ])
      yield* start(handlers, { queues: [queue], workers: 1 })
      yield* Deferred.await(busy)
      const before = (yield* unfinished(queue)).map(({ state }) => state)

      yield* enqueue(Step, 1, { queue, key: "k", priority: 5 })
      yield* Deferred.succeed(goOn, undefined)

      yield* finishedAll(queue, 4)
      assert.deepStrictEqual(before, ["running", "ready", "waiting"])
      assert.deepStrictEqual(ran, [1, 2, 3])
    }))

  for (const onRetry of ["hold", "yield"] as const) {
    it.effect(`${onRetry === "hold" ? "wait for" : "go past"} a retry: ${onRetry}`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const queue = yield* queueName
        const Patient = Job.make("patient", {
          payload: Schema.Finite,
          backoffBase: "10 hours",
          backoffCap: "10 hours",
          onRetry
        })
        const ran: Array<string> = []
        const handlers = Patient.toLayer((n, { attempt }) => {
          ran.push(`${n}, try ${attempt}`)
          return n === 1 && attempt === 1 ? Effect.fail("not yet") : Effect.void
        })
        yield* start(handlers, { queues: [queue] })

        const jobs = [1, 2].map((payload) => ({ payload, queue, key: "k" }))
        const [first] = yield* enqueueAll(Patient, jobs)
        yield* eventually(Effect.map(unfinished(queue), (left) => {
          const states = left.map(({ state }) => state)
          assert.deepStrictEqual(states, onRetry === "hold" ? ["retry", "waiting"] : ["scheduled"])
        }))
        yield* sql`UPDATE pgq.jobs SET run_at = now() WHERE id = ${first!}`
        yield* sql`SELECT * FROM pgq.promote(10)`

        yield* finishedAll(queue, 2)
        const inTurn = onRetry === "hold"
          ? ["1, try 1", "1, try 2", "2, try 1"]
          : ["1, try 1", "2, try 1", "1, try 2"]
        assert.deepStrictEqual(ran, inTurn)
      }))
  }

  for (const onFail of ["continue", "block"] as const) {
    it.effect(`${onFail === "block" ? "stop at" : "go past"} a failure: ${onFail}`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const queue = yield* queueName
        const Link = Job.make("link", { payload: Schema.Finite, maxAttempts: 1, onFail })
        let isBroken = true
        const handlers = Link.toLayer((n) =>
          n === 1 && isBroken ? Effect.fail("broken") : Effect.void
        )
        yield* start(handlers, { queues: [queue] })

        const jobs = [1, 2].map((payload) => ({ payload, queue, key: "k" }))
        const ids = yield* enqueueAll(Link, [...jobs, { payload: 3, queue, key: "other" }])

        if (onFail === "continue") {
          const outcomes = (yield* finishedAll(queue, 3)).map(({ outcome }) => outcome)
          assert.deepStrictEqual(outcomes.toSorted(), ["completed", "completed", "failed"])
          return
        }
        yield* finishedAll(queue, 1)
        const left = yield* eventually(Effect.tap(unfinished(queue), (left) =>
          Effect.sync(() => {
            assert.deepStrictEqual(left.map(({ state }) => state), ["blocked", "waiting"])
          })))
        assert.deepStrictEqual([left[0]?.failures, left[0]?.error?.includes("broken")], [1, true])
        // A person removes the cause of the failure, and makes the job due.
        isBroken = false
        yield* sql`UPDATE pgq.jobs SET run_at = now() WHERE id = ${ids[0]!}`
        yield* sql`SELECT * FROM pgq.promote(10)`
        const finished = yield* finishedAll(queue, 3)
        assert.deepStrictEqual(finished.slice(1).map(({ id }) => id), ids.slice(0, 2))
      }))
  }
})
