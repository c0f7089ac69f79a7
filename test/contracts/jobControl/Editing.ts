/**
 * Jobs that are edited.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { EditAnswer } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Notifier } from "../../../src/services/Notifier.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../../Given.ts"
import { blocked, delays, edit, ends, find, run } from "./ByHand.ts"
import { countsOf, lane, type Services, theRest } from "./Cancelling.ts"

const delay = Duration.hours(1)
const later = { in: Duration.toMillis(delay) }
const now = { in: 0 }
const past = { at: new Date(0) }
const edited = EditAnswer.Edited()

export const editing = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("changes what it is told, and nothing else", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const values = { key: "k", priority: 1, maxAttempts: 2, payload: `{"n": 1}` }
      const [id] = yield* enqueue(queue, values)
      const read = Effect.gen(function*() {
        const worker = yield* workerOf(queue)
        const [job] = yield* claim({ queue, worker })
        yield* settle([job!], Settlement.Released())
        const { key, maxAttempts, payload, priority } = job!
        return { key, maxAttempts, payload, priority }
      })

      const seen: Array<unknown> = []
      for (const change of [{ priority: 5 }, { maxAttempts: 9 }, { payload: `{"n": 2}` }, {}]) {
        assert.deepStrictEqual(yield* edit(id!, change), edited)
        seen.push(yield* read)
      }

      assert.deepStrictEqual(seen, [
        { ...values, priority: 5 },
        { ...values, priority: 5, maxAttempts: 9 },
        { ...values, priority: 5, maxAttempts: 9, payload: `{"n": 2}` },
        { ...values, priority: 5, maxAttempts: 9, payload: `{"n": 2}` }
      ])
      assert.deepStrictEqual(yield* find(id!), { name: "greet", payload: `{"n": 2}` })
    }))

  it.effect("changes a payload only if it is the expected one", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { payload: `{"n": 1}` })
      const expected = (yield* find(id!))!.payload

      const answers = [
        yield* edit(id!, { payload: `{"n": 2}`, expected }),
        yield* edit(id!, { payload: `{"n": 3}`, expected })
      ]

      assert.deepStrictEqual(answers, [edited, EditAnswer.Changed()])
      assert.deepStrictEqual(yield* find(id!), { name: "greet", payload: `{"n": 2}` })
    }))

  for (const key of [undefined, "k"]) {
    const keyed = key === undefined ? "without" : "with"
    for (const start of [now, past]) {
      const at = start === now ? "now" : "a past time"
      it.effect(`starts a delayed job at ${at}, ${keyed} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [id] = yield* enqueue(queue, { delay, key, name: "delayed" })

          assert.deepStrictEqual(yield* edit(id!, { start }), edited)

          assert.deepStrictEqual(yield* theRest(queue), ["delayed"])
        }))

      it.effect(`leaves ready jobs ready at ${at}, ${keyed} a key`, () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const ids = yield* enqueue(queue, { key, name: "1" }, { key, name: "2" })

          for (const id of ids) assert.deepStrictEqual(yield* edit(id, { start }), edited)

          assert.deepStrictEqual(yield* theRest(queue), ["1", "2"])
        }))
    }

    it.effect(`delays a job, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { key, name: "1" }, { key, name: "2" })

        assert.deepStrictEqual(yield* edit(id!, { start: later }), edited)

        assert.deepStrictEqual(yield* theRest(queue), ["2"])
        assert.deepStrictEqual(yield* countsOf(queue), { scheduled: 1, completed: 1 })
      }))

    it.effect(`starts a job soon that was delayed for long, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { delay, key, name: "soon" })

        yield* edit(id!, { start: { in: 10 } })

        yield* eventually(Effect.gen(function*() {
          assert.deepStrictEqual(yield* theRest(queue), ["soon"])
        }))
      }))

    it.effect(`leaves a leased job to its worker, ${keyed} a key`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ids = yield* enqueue(queue, { key }, { key })
        const jobs = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 1 })

        for (const id of ids) {
          assert.deepStrictEqual(yield* edit(id, { priority: 9 }), EditAnswer.Running())
        }

        assert.deepStrictEqual(yield* settle(jobs, Settlement.Completed()), [])
      }))
  }

  for (const [end, settlement] of delays) {
    const holds = "holdsLane" in settlement ? settlement.holdsLane : true
    it.effect(`moves a job that ${end}, and its lane ${holds ? "waits on" : "goes on"}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, ...lane(2))
        yield* run(queue, settlement)

        yield* edit(id!, { start: later })
        const before = yield* theRest(queue)
        yield* edit(id!, { start: now })

        assert.deepStrictEqual(before, holds ? [] : ["k2"])
        assert.deepStrictEqual(yield* theRest(queue), holds ? ["k1", "k2"] : ["k1"])
      }))
  }

  it.effect("lets a job overtake the others of its lane, or be overtaken", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [first, , third] = yield* enqueue(queue, ...lane(4))

      yield* edit(third!, { priority: 1 })
      yield* edit(first!, { priority: -1 })

      assert.deepStrictEqual(yield* theRest(queue), ["k3", "k2", "k4", "k1"])
    }))

  it.effect("keeps a lane blocked whose blocked job has another payload", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, ...lane(2))
      yield* run(queue, blocked)

      yield* edit(id!, { payload: `{"fixed": true}` })

      assert.deepStrictEqual(yield* theRest(queue), [])
    }))

  for (const [outcome, end] of ends) {
    it.effect(`leaves a job that has ended as ${outcome}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, {})
        yield* end(queue, id!)

        assert.deepStrictEqual(yield* edit(id!, { priority: 9 }), EditAnswer.Finished({ outcome }))
        assert.isUndefined(yield* find(id!))
      }))
  }

  it.effect("knows no job that was never there", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* edit(nobody, { priority: 9 }), EditAnswer.Unknown())
      assert.isUndefined(yield* find(nobody))
    }))

  it.effect("wakes a worker", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { delay })
      assert.deepStrictEqual(yield* claim({ queue, worker: yield* workerOf(queue) }), [])
      const { wakes } = yield* Notifier

      const heard = yield* wakes.pipe(
        Stream.tap((wake) => wake._tag === "Everything" ? edit(id!, { start: now }) : Effect.void),
        Stream.filter((wake) => wake._tag === "Jobs" && wake.queue === queue),
        Stream.take(1),
        Stream.runCollect,
        Effect.timeout("10 seconds")
      )

      assert.lengthOf(heard, 1)
    }))
}

const nobody = 9_000_000_000_000_000_000n
