/**
 * The traces that jobs take part in, from the call that adds them to the claim.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Exit } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Scheduler } from "../../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { enqueue, jobOf, queueName, settle } from "../../Given.ts"
import { claimed, wantedOf } from "./Offers.ts"

export const tracing = (it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>) => {
  for (
    const [which, priorities] of [["are alike", [0, 0, 0]], ["are not alike", [3, 2, 1]]] as const
  ) {
    it.effect(`keeps the traces of jobs that ${which}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const traces = [traceOf("a"), undefined, traceOf("b")]
        yield* enqueue(
          queue,
          ...traces.map((traceparent, n) => ({
            traceparent,
            priority: priorities[n]
          }))
        )
        const shared = traceOf("c")
        yield* enqueue(queue, { priority: -1, traceparent: shared }, {
          priority: -1,
          traceparent: shared
        })

        const jobs = yield* claimed(queue)

        assert.deepStrictEqual(
          jobs.map(({ traceparent }) => traceparent),
          [...traces, shared, shared]
        )
      }))
  }

  it.effect("keeps the traces of offers, and that of the newest values", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const offer = (unique: string, mode: "keep" | "replace", letter: string | undefined) =>
        JobRepo.use((repo) =>
          repo.offer([{
            ...wantedOf(queue, { key: unique, mode }),
            traceparent: letter && traceOf(letter)
          }])
        )
      yield* offer("kept", "keep", "a")
      yield* offer("kept", "keep", "b")
      yield* offer("replaced", "replace", "a")
      yield* offer("replaced", "replace", "b")
      yield* offer("replaced by hand", "replace", "a")
      yield* offer("replaced by hand", "replace", undefined)

      const jobs = yield* claimed(queue)

      assert.deepStrictEqual(
        jobs.map(({ traceparent }) => traceparent),
        [traceOf("a"), traceOf("b"), undefined]
      )
    }))

  it.effect("keeps the trace for the next run, and says that the job was for later", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const traceparent = traceOf("a")
      yield* enqueue(queue, { traceparent })
      const first = yield* claimed(queue)
      yield* settle(
        first,
        Settlement.Retried({ error: "no", delay: Duration.millis(1), holdsLane: false })
      )
      let again = yield* claimed(queue)
      while (again.length === 0) again = yield* claimed(queue)

      assert.deepStrictEqual(
        [...first, ...again].map((job) => [job.traceparent, job.wasScheduled]),
        [[traceparent, false], [traceparent, true]]
      )
    }))

  it.effect("refuses a text of another length", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const repo = yield* JobRepo
      const exit = yield* Effect.exit(
        repo.enqueue([{ ...jobOf(queue), traceparent: "00-a-b-01" }])
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.isEmpty(yield* claimed(queue))
    }))
}

const traceOf = (letter: string): string => `00-${letter.repeat(32)}-${letter.repeat(16)}-01`
