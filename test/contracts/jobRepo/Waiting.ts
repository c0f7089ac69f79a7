/**
 * The jobs that a queue in stop mode `drain` waits for.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Scheduler } from "../../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"

export const waiting = (it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>) => {
  it.effect("sees no job waiting in an empty queue", () =>
    Effect.gen(function*() {
      assert.isFalse(yield* hasUnstarted(yield* queueName))
    }))

  it.effect("sees a ready job waiting, until it is claimed", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {})

      assert.isTrue(yield* hasUnstarted(queue))
      yield* claim({ queue, worker: yield* workerOf(queue) })
      assert.isFalse(yield* hasUnstarted(queue))
    }))

  it.effect("looks at all the queues it is asked about, and no others", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* queueName, yield* queueName]
      yield* enqueue(other, {})

      assert.isFalse(yield* hasUnstarted(one))
      assert.isTrue(yield* hasUnstarted(one, other))
    }))

  it.effect("sees a job waiting behind one of its key that runs", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "k" }, { key: "k" })

      const first = yield* claim({ queue, worker })
      assert.isTrue(yield* hasUnstarted(queue))
      yield* settle(first, Settlement.Completed())
      assert.isTrue(yield* hasUnstarted(queue))
      yield* claim({ queue, worker })
      assert.isFalse(yield* hasUnstarted(queue))
    }))

  it.effect("does not wait for a job for later", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { delay: Duration.hours(1) }, { delay: Duration.hours(1), key: "k" })

      assert.isFalse(yield* hasUnstarted(queue))
    }))

  for (
    const settlement of [
      Settlement.Retried({ error: "not yet", delay: Duration.hours(1), holdsLane: true }),
      Settlement.Unhandled({ error: "not here", delay: Duration.hours(1) }),
      Settlement.Failed({ error: "no", blocksLane: true })
    ]
  ) {
    it.effect(`does not wait for a lane held by a job that is ${settlement._tag}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        yield* enqueue(queue, { key: "k" }, { key: "k" })
        const head = yield* claim({ queue, worker: yield* workerOf(queue) })

        yield* settle(head, settlement)

        assert.isFalse(yield* hasUnstarted(queue))
      }))
  }

  it.effect("waits for a lane that a retry yields", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { key: "k" }, { key: "k" })
      const head = yield* claim({ queue, worker: yield* workerOf(queue) })

      const delay = Duration.hours(1)
      yield* settle(head, Settlement.Retried({ error: "not yet", delay, holdsLane: false }))

      assert.isTrue(yield* hasUnstarted(queue))
    }))
}

const hasUnstarted = (...queues: ReadonlyArray<string>) =>
  JobRepo.use((repo) => repo.hasUnstarted(queues))
