/**
 * Jobs of which somebody asks why they wait.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { blocked, run } from "./ByHand.ts"
import type { Services } from "./Cancelling.ts"

const why = (id: bigint | undefined) =>
  Effect.map(
    JobControl.use((control) => control.why(id!)),
    (reasons) => reasons.map(({ code, job }) => [code, job])
  )

const whyQueue = (queue: string) =>
  Effect.map(
    JobControl.use((control) => control.whyQueue(queue)),
    (reasons) => reasons.map(({ code }) => code)
  )

/** The workers of the suite have a handler for these jobs. */
const task = { name: "test" }

const later = { delay: Duration.hours(1), holdsLane: true, error: "no" }

export const asking = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("knows nothing of a job that was never added", () =>
    Effect.gen(function*() {
      const id = 2n ** 60n
      assert.deepStrictEqual(yield* why(id), [["unknown", id]])
    }))

  it.effect("follows a job from its start to its end", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      assert.deepStrictEqual(yield* whyQueue(queue), ["empty"])
      const [id] = yield* enqueue(queue, task)
      assert.deepStrictEqual(yield* why(id), [["no-worker", id]])

      const worker = yield* workerOf(queue)
      assert.deepStrictEqual(yield* why(id), [["ready", id]])
      assert.deepStrictEqual(yield* whyQueue(queue), ["ready"])

      const jobs = yield* claim({ queue, worker })
      assert.deepStrictEqual(yield* why(id), [["running", id]])

      yield* settle(jobs, Settlement.Completed())
      assert.deepStrictEqual(yield* why(id), [["finished", id]])
    }))

  it.effect("names the jobs that go first, and the busy workers", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, task)
      yield* claim({ queue, worker })
      const [first, id] = yield* enqueue(queue, task, task)
      assert.deepStrictEqual(yield* why(first), [["workers-busy", first]])
      assert.deepStrictEqual(yield* why(id), [["more-urgent", id], ["workers-busy", id]])
    }))

  const laters = [
    ["between-tries", Settlement.Retried(later)],
    ["snoozed", Settlement.Snoozed(later)],
    ["unknown-name", Settlement.Unhandled({ ...later, error: "no handler for \"task\" in it" })],
    ["blocked", blocked]
  ] as const
  for (const [code, settlement] of laters) {
    it.effect(`says that a job is ${code}, and that another one waits for it`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id, next] = yield* enqueue(queue, { ...task, key: "k" }, { ...task, key: "k" })
        yield* run(queue, settlement)
        assert.deepStrictEqual((yield* why(id))[0], [code, id])
        assert.deepStrictEqual((yield* why(next)).slice(0, 2), [["behind-key", id], [code, id]])
      }))
  }
}
