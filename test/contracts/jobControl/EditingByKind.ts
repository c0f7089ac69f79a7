/**
 * Jobs that are edited by their kind.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { EditAnswer } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { queueName } from "../../Given.ts"
import { discard, find, run } from "./ByHand.ts"
import type { Services } from "./Cancelling.ts"

const Sum = Job.make("sum", {
  payload: Schema.Struct({ terms: Schema.Array(Schema.FiniteFromString) })
})
const Tick = Job.make("tick")

export const editingByKind = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("encodes a payload as its kind does", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sum, { terms: [1] }, { queue })

      const answer = yield* Job.edit(Sum, id, { payload: { terms: [2, 3] }, priority: 7 })

      assert.deepStrictEqual(answer, EditAnswer.Edited())
      assert.deepStrictEqual(JSON.parse((yield* find(id))!.payload), { terms: ["2", "3"] })
    }))

  it.effect("refuses a payload that its kind refuses, and leaves the job as it is", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sum, { terms: [1] }, { queue })
      const payload = { terms: [NaN] }

      const errors = [
        yield* Effect.flip(Job.edit(Sum, id, { payload })),
        yield* Effect.flip(Job.edit(Sum, id, () => ({ payload })))
      ]

      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), ["PayloadInvalid", "PayloadInvalid"])
      assert.deepStrictEqual(JSON.parse((yield* find(id))!.payload), { terms: ["1"] })
    }))

  it.effect("refuses a job of another kind", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Tick, undefined, { queue })

      const errors = [
        yield* Effect.flip(Job.edit(Sum, id, { priority: 7 })),
        yield* Effect.flip(Job.edit(Sum, id, ({ terms }) => ({ payload: { terms } })))
      ]

      assert.deepStrictEqual(
        errors.map((error) => error._tag === "WrongKind" && `${error.id} ${error.message}`),
        Array(2).fill(`${id} job ${id} is of the kind "tick"`)
      )
      assert.deepStrictEqual(yield* Job.edit(Tick, id, { priority: 7 }), EditAnswer.Edited())
    }))

  it.effect("fails with a stored payload that is not of the kind", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sum, { terms: [1] }, { queue })
      yield* JobControl.use((control) => control.edit(id, { payload: `{"terms": [1]}` }))

      const error = yield* Effect.flip(Job.edit(Sum, id, () => ({ priority: 7 })))

      assert.strictEqual(error._tag, "PayloadInvalid")
    }))

  it.effect("loses no change of a payload among many editors", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sum, { terms: [] }, { queue })

      const answers = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n),
        (n) => Job.edit(Sum, id, ({ terms }) => ({ payload: { terms: [...terms, n] } })),
        { concurrency: 8 }
      )

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), Array(40).fill("Edited"))
      const { terms } = JSON.parse((yield* find(id))!.payload)
      assert.sameMembers(terms, Array.from({ length: 40 }, (_, n) => String(n)))
    }))

  it.effect("says what has become of a job that waits no more", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const done = yield* enqueue(Tick, undefined, { queue })
      yield* run(queue, Settlement.Completed())
      const gone = yield* enqueue(Tick, undefined, { queue })
      yield* discard(gone)

      const answers = yield* Effect.forEach(
        [done, gone, 9_000_000_000_000_000_000n],
        (id) => Job.edit(Tick, id, { priority: 7 })
      )

      assert.deepStrictEqual(answers, [
        EditAnswer.Finished({ outcome: "completed" }),
        EditAnswer.Finished({ outcome: "discarded" }),
        EditAnswer.Unknown()
      ])
    }))
}
