/**
 * Finished jobs after which new ones are added.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { CopyAnswer } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { claim, enqueue, jobOf, queueName, settle, workerOf } from "../../Given.ts"
import { offer } from "../jobRepo/Offers.ts"
import { ends, retry, run } from "./ByHand.ts"
import { countsOf, failed, lane, outcomeOf, type Services, theRest } from "./Cancelling.ts"

export const copying = (it: Vitest.MethodsNonLive<Services>) => {
  for (const [outcome, end] of [...ends, ["completed", complete] as const]) {
    it.effect(`adds a job like one that has ended as ${outcome}, and leaves that one`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const values = {
          key: "k",
          priority: 7,
          payload: `{"n": 1}`,
          maxAttempts: 3,
          name: "copied"
        }
        // The copy belongs to nobody's trace.
        const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`
        const [id] = yield* enqueue(queue, { ...values, traceparent })
        yield* end(queue, id!)

        const [answer] = yield* copy(id!)

        const newId = answer?._tag === "Copied" ? answer.newId : 0n
        assert.isAbove(Number(newId), Number(id!))
        assert.deepStrictEqual(
          [yield* outcomeOf(id!), yield* outcomeOf(newId)],
          [outcome, "unfinished"]
        )
        const [job] = yield* claim({ queue, worker: yield* workerOf(queue) })
        const { lease: _, waited: _waited, ...claimed } = job!
        const { delay: _delay, runAt: _runAt, expiresAt: _at, expiresIn: _in, ...asked } = jobOf(
          queue,
          values
        )
        assert.deepStrictEqual(claimed, {
          ...asked,
          id: newId,
          attempt: 1,
          unhandledCount: 0,
          snoozeCount: 0,
          expiresAt: undefined,
          isSuspect: false,
          wasScheduled: false
        })
        yield* settle([job!], Settlement.Completed())
        assert.deepStrictEqual(
          yield* retry(id!),
          [outcome === "completed" ? "Completed" : "Redriven"]
        )
      }))
  }

  it.effect("adds a job last in its lane, and as many as are asked for", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [first] = yield* enqueue(queue, ...lane(3))
      yield* run(queue, failed)

      const answers = yield* copy(first!, first!)

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Copied", "Copied"])
      assert.deepStrictEqual(yield* theRest(queue), ["k2", "k3", "k1", "k1"])
    }))

  it.effect("shows a job as another one like it is added, whether it has ended or not", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const values = { priority: 7, payload: `{"n": 1}`, maxAttempts: 3, name: "like" }
      const [id] = yield* enqueue(queue, { ...values, key: "k" })

      const unfinished = yield* like(id!)
      yield* complete(queue)
      const finished = yield* like(id!)

      assert.deepStrictEqual(unfinished, { ...values, key: "k", queue })
      assert.deepStrictEqual(finished, unfinished)
      assert.isUndefined(yield* like(2n ** 62n))
    }))

  it.effect("adds no job after one that has not ended, or that nobody knows", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [ready] = yield* enqueue(queue, {})
      const unknown = 2n ** 62n

      const before = yield* copy(ready!, unknown)
      yield* claim({ queue, worker: yield* workerOf(queue) })

      assert.deepStrictEqual(before, [{ _tag: "Unfinished" }, { _tag: "Unknown" }])
      assert.deepStrictEqual(yield* copy(ready!), [{ _tag: "Unfinished" }])
      assert.deepStrictEqual(yield* countsOf(queue), { running: 1 })
    }))

  it.effect("adds of those with a unique key the ones whose key is free, and no second one", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const taken = yield* offer(queue, { key: "taken" })
      const free = yield* offer(queue, { key: "free" })
      const [plain] = yield* enqueue(queue, {})
      yield* run(queue, failed)
      const other = yield* offer(queue, { key: "taken" })

      const answers = yield* copy(taken.id, free.id, plain!, free.id)

      const [, first] = answers
      assert.strictEqual(first?._tag, "Copied")
      const newId = first?._tag === "Copied" ? first.newId : undefined
      assert.deepStrictEqual(answers, [
        CopyAnswer.Conflict({ holder: other.id }),
        CopyAnswer.Copied({ newId: newId! }),
        answers[2]!,
        CopyAnswer.Conflict({ holder: newId })
      ])
      assert.strictEqual(answers[2]?._tag, "Copied")
      assert.deepStrictEqual(yield* retry(free.id), ["Conflict"])
      assert.deepStrictEqual(yield* countsOf(queue), { failed: 3, unstarted: 3 })
    }))
}

const like = (id: bigint) => JobControl.use((control) => control.like(id))

const complete = (queue: string) => run(queue, Settlement.Completed())

const copy = (
  ...ids: ReadonlyArray<bigint>
): Effect.Effect<ReadonlyArray<CopyAnswer>, unknown, JobControl> =>
  JobControl.use((control) => control.copy(ids))
