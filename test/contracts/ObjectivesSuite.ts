/**
 * The contract of `Objectives`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import * as QueueReadings from "../../src/domain/QueueReadings.ts"
import * as Verdict from "../../src/domain/Verdict.ts"
import { Insight } from "../../src/services/Insight.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import type { Objectives } from "../../src/services/Objectives.ts"
import * as Queues from "../../src/services/Queues.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { enqueue, eventually, queueName, workerOf } from "../Given.ts"

const overviewOf = (queue: string) =>
  Insight.use((insight) => insight.overview({ queues: [queue] }))

const objectiveOf = (queue: string) =>
  Effect.map(overviewOf(queue), ({ queues: [found] }) => found?.objective)

export const suite = (
  name: string,
  store: Layer.Layer<Insight | JobRepo | Objectives | WorkerRegistry, unknown>
) =>
  withLayer(store, { timeout: "60 seconds", excludeTestServices: true })(
    `Objectives (${name})`,
    (it) => {
      it.effect("are set, changed and cleared", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const found = Effect.map(
            Queues.objectives,
            (all) => all.filter((one) => one.queue === queue)
          )

          const first = yield* Queues.setObjective(queue, "5 minutes")
          const again = yield* Queues.setObjective(queue, "1500 millis")
          const [one, ...others] = yield* found
          const cleared = yield* Queues.clearObjective(queue)
          const none = yield* Queues.clearObjective(queue)

          assert.deepStrictEqual([first, again, cleared, none], [
            "set",
            "set",
            "cleared",
            "not set"
          ])
          assert.deepStrictEqual([one, others, yield* found], [{ queue, seconds: 1.5 }, [], []])
        }))

      it.effect("decide whether the same queue is late", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* workerOf(queue, "1 minute")
          yield* enqueue(queue, {})
          const isLate = Effect.map(overviewOf(queue), (overview) => {
            const { problems } = Verdict.of(overview)
            return problems.some(({ code, evidence }) =>
              code === "QueueLate" && evidence["queue"] === queue
            )
          })

          const before = yield* isLate
          yield* Queues.setObjective(queue, "1 millis")
          yield* eventually(Effect.map(isLate, (late) => assert.isTrue(late)))
          const told = QueueReadings.of(yield* overviewOf(queue))
            .filter(({ id }) => id === "pgq.queue.objective")
          yield* Queues.setObjective(queue, "1 hour")
          const after = yield* isLate

          assert.deepStrictEqual([before, after], [false, false])
          assert.deepStrictEqual(told.map(({ value }) => value), [0.001])
        }))

      it.effect("of all queues are those of queues without their own", () =>
        Effect.gen(function*() {
          const [own, other] = [yield* queueName, yield* queueName]
          yield* Queues.setObjective(own, "10 seconds")
          yield* Queues.setObjective("*", "2 minutes")
          const found = [yield* objectiveOf(own), yield* objectiveOf(other)]
          yield* Queues.clearObjective("*")

          assert.deepStrictEqual([...found, yield* objectiveOf(other)], [10, 120, null])
        }))

      it.effect("are refused as what nobody can mean", () =>
        Effect.gen(function*() {
          const mistakes = yield* Effect.forEach(
            [
              Queues.setObjective("", "1 second"),
              Queues.setObjective("mail", 0),
              Queues.setObjective("mail", Infinity),
              Queues.setObjective("mail", NaN),
              Queues.clearObjective("")
            ],
            Effect.flip
          )
          assert.deepStrictEqual(new Set(mistakes.map(({ _tag }) => _tag)), new Set(["JobInvalid"]))
        }))
    }
  )
