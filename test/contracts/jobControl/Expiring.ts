/**
 * Jobs that expire.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../../Given.ts"
import { delays, edit, expire, retry, run } from "./ByHand.ts"
import { cancel, countsOf, lane, outcomeOf, type Services, theRest } from "./Cancelling.ts"

const past = new Date(0)
const hour = Duration.hours(1)

export const expiring = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("ends jobs whose time is over, and no others", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(
        queue,
        { expiresAt: past },
        { expiresIn: Duration.zero },
        { expiresAt: past, delay: hour },
        { expiresAt: past, key: "k" },
        { expiresAt: past, key: "k" },
        { key: "k" },
        { expiresIn: Duration.zero, delay: hour },
        { expiresIn: Duration.zero, runAt: new Date("9999-01-01") },
        { expiresIn: hour, runAt: past },
        {}
      )

      yield* expire

      const outcomes = yield* Effect.forEach(ids, outcomeOf)
      assert.deepStrictEqual(outcomes.map((outcome) => outcome === "expired"), [
        ...Array.from({ length: 5 }, () => true),
        ...Array.from({ length: 5 }, () => false)
      ])
      assert.deepStrictEqual(yield* countsOf(queue), { unstarted: 3, scheduled: 2, expired: 5 })
    }))

  it.effect("says how long it is until the next job expires", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { expiresIn: Duration.seconds(30) }, { expiresIn: Duration.hours(1) })

      const { next } = yield* expire

      assert.isAtMost(Duration.toSeconds(next!), 30)
    }))

  it.effect("tells a worker when its job expires", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const date = new Date("2040-02-29T12:30:00.250Z")
      const [, , edited] = yield* enqueue(
        queue,
        { expiresAt: date },
        {},
        {},
        { expiresIn: hour },
        { expiresIn: Duration.hours(3) }
      )
      yield* edit(edited!, { expiry: { at: date } })

      const jobs = yield* claim({ queue, worker })

      const [given, none, later, first, last] = jobs.map(({ expiresAt }) => expiresAt)
      assert.deepStrictEqual([given, none, later], [date, undefined, date])
      const hours = (last!.getTime() - first!.getTime()) / Duration.toMillis(hour)
      assert.strictEqual(Math.round(hours), 2)
    }))

  it.effect("lets the lane go on whose head has expired", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [head, ...others] = lane(3)
      yield* enqueue(queue, { ...head, expiresAt: past }, ...others)

      yield* expire

      assert.deepStrictEqual(yield* theRest(queue), ["k2", "k3"])
    }))

  it.effect("leaves leased jobs to their worker", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const some = lane(2).map((job) => ({ ...job, expiresAt: past }))
      yield* enqueue(queue, ...some, { expiresAt: past })
      const jobs = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 1 })

      const { isBehind } = yield* expire

      assert.isFalse(isBehind)
      assert.strictEqual(jobs.length, 3)
      assert.deepStrictEqual(yield* settle(jobs, Settlement.Completed()), [])
    }))

  for (const [end, settlement] of delays) {
    it.effect(`ends a job that ${end}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { ...lane(1)[0], expiresAt: past }, { key: "k" })
        const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })
        yield* expire
        yield* settle(jobs, settlement)

        // Its row of expiries is due at once, not only when the lease would have been looked at.
        yield* expire

        assert.strictEqual(yield* outcomeOf(id!), "expired")
        assert.deepStrictEqual(yield* theRest(queue), ["greet"])
      }))
  }

  it.effect("starts no due job that has expired", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const late = { delay: Duration.millis(30), expiresIn: Duration.zero }
      const [id, keyed] = yield* enqueue(queue, late, { ...late, key: "k" }, { key: "k" })

      yield* eventually(Effect.gen(function*() {
        yield* Scheduler.use((scheduler) => scheduler.promote)
        assert.strictEqual(yield* outcomeOf(id!), "expired")
        assert.strictEqual(yield* outcomeOf(keyed!), "expired")
      }))
      assert.deepStrictEqual(yield* theRest(queue), ["greet"])
    }))

  it.effect("ends each job once, however many sweep at once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, ...Array.from({ length: 40 }, () => ({ expiresAt: past })))

      yield* Effect.all(Array.from({ length: 8 }, () => expire), { concurrency: "unbounded" })

      yield* eventually(Effect.gen(function*() {
        yield* expire
        assert.deepStrictEqual(yield* countsOf(queue), { expired: 40 })
      }))
    }))

  it.effect("lives as long as an edit says", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [sooner, later, fromStart] = yield* enqueue(
        queue,
        { expiresIn: hour },
        { expiresAt: past },
        { delay: hour }
      )
      yield* edit(sooner!, { expiry: { in: 0 } })
      yield* edit(later!, { expiry: { in: Duration.toMillis(hour) } })
      yield* edit(fromStart!, { expiry: { in: 0 } })

      yield* expire

      assert.deepStrictEqual(
        yield* Effect.forEach([sooner!, later!, fromStart!], outcomeOf),
        ["expired", "unfinished", "unfinished"]
      )
      yield* edit(fromStart!, { start: { in: 0 }, expiry: { in: 0 } })
      yield* expire
      assert.strictEqual(yield* outcomeOf(fromStart!), "expired")
    }))

  it.effect("does not expire again when it is retried", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { expiresAt: past })
      yield* expire

      assert.deepStrictEqual(yield* retry(id!), ["Redriven"])
      yield* expire

      assert.deepStrictEqual(yield* theRest(queue), ["greet"])
    }))

  it.effect("is not ended twice", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [cancelled] = yield* enqueue(queue, { expiresAt: past }, { expiresAt: past })
      yield* cancel(cancelled!)
      yield* run(queue, Settlement.Completed())

      yield* expire

      assert.deepStrictEqual(yield* countsOf(queue), { cancelled: 1, completed: 1 })
    }))
}
