/**
 * The contract of `Series`, and of the pulses and samples that it shows. Each implementation runs
 * this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer } from "effect"
import type { Pulse } from "../../src/domain/Pulse.ts"
import type { SeriesFilter } from "../../src/domain/Series.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { Pulses } from "../../src/services/Pulses.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { Series } from "../../src/services/Series.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../Given.ts"

/** Runs that completed, which waited for up to 10 ms and ran for up to 1 s. */
const pulse = (queue: string, completed: number, name = "greet"): Pulse => ({
  queue,
  name,
  counts: [completed, 1, 0, 0, 0, 0, 0, 0, 0],
  wait: Array.from({ length: 18 }, (_, place) => place === 3 ? completed : 0),
  run: Array.from({ length: 18 }, (_, place) => place === 9 ? completed : 0)
})

const add = (...pulses: ReadonlyArray<Pulse>) =>
  Pulses.use((store) => store.add(crypto.randomUUID(), pulses))

/** The series of the last hours, with the greatest value of each. */
const seen = Effect.fnUntraced(function*(
  filter: Pick<SeriesFilter, "of" | "queue" | "name" | "by">,
  minutes = 120
) {
  const now = Date.now()
  const { series, t } = yield* Series.use((figures) =>
    figures.series({
      ...filter,
      from: new Date(now - minutes * 60_000),
      to: new Date(now + 60_000),
      step: "1 minute"
    })
  )
  for (const { values } of series) assert.lengthOf(values, t.length)
  return Object.fromEntries(
    series.map(({ label, values }) => [label, Math.max(...values.map((value) => value ?? -1))])
  )
})

export const suite = <R>(
  name: string,
  services: Layer.Layer<
    JobRepo | Pulses | Scheduler | Series | WorkerRegistry | R,
    unknown
  >,
  /** Lets a minute pass for the figures, if the store adds up whole minutes alone. */
  aMinuteLater: Effect.Effect<unknown, unknown, R>
) =>
  withLayer(services, { timeout: "60 seconds", excludeTestServices: true })(
    `Series (${name})`,
    (it) => {
      const rollUp = Effect.andThen(
        aMinuteLater,
        Scheduler.use((scheduler) => scheduler.rollUp)
      )
      const sample = Effect.andThen(
        aMinuteLater,
        Scheduler.use((scheduler) => scheduler.sample)
      )

      it.effect("shows how many runs ended, of a queue and of a name", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* add(pulse(queue, 20), pulse(queue, 5, "other"), pulse(yield* queueName, 7))
          yield* add(pulse(queue, 30))
          yield* rollUp

          const all = yield* seen({ of: "finished", queue })
          const some = yield* seen({ of: "finished", queue, name: "other" })

          assert.deepStrictEqual([all["completed"], all["failed"], all["lost"]], [55, 3, 0])
          assert.deepStrictEqual([some["completed"], some["failed"]], [5, 1])
        }))

      it.effect("shows how long jobs waited and ran", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* add(pulse(queue, 20))
          yield* rollUp

          const wait = yield* seen({ of: "wait", queue })
          const run = yield* seen({ of: "run", queue })

          assert.deepStrictEqual(Object.keys(wait), ["p50", "p95", "p99"])
          assert.deepStrictEqual([wait["p50"], wait["p99"]], [.0075, .01])
          assert.deepStrictEqual([run["p50"], run["p99"]], [.75, 1])
        }))

      it.effect("shows each name of a queue, the one with the most runs first", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* add(pulse(queue, 5, "few"), pulse(queue, 20, "many"), pulse(yield* queueName, 50))
          yield* add(pulse(queue, 30, "many"))
          yield* rollUp

          const finished = yield* seen({ of: "finished", queue, by: "name" })
          const run = yield* seen({ of: "run", queue, by: "name" })

          assert.deepStrictEqual(Object.entries(finished), [["many", 52], ["few", 6]])
          assert.deepStrictEqual(run, { many: .98, few: 1 })
        }))

      it.effect("shows each queue, the 100 with the most runs where there are more", () =>
        Effect.gen(function*() {
          const first = yield* queueName
          const queues = Array.from({ length: 105 }, (_, n) => `${first} ${n}`)
          yield* add(...queues.map((queue, n) => pulse(queue, 1_000_000 + n)))
          yield* rollUp

          const wish = { of: "finished", by: "queue", name: "greet" } as const

          const hour = yield* seen(wish, 60)
          const longer = yield* seen(wish, 600)

          const expected = queues.toReversed()
          assert.deepStrictEqual(Object.keys(hour), expected.slice(0, 100))
          assert.deepStrictEqual(Object.keys(longer), expected.slice(0, 16))
        }))

      it.effect("shows how many jobs there were, and for how long the oldest had waited", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const later = { delay: Duration.hours(1) }
          const key = { key: "k" }
          yield* enqueue(queue, {}, {}, {}, later, later, key, key)
          yield* claim({ queue, worker, limit: 2 })
          yield* sample
          yield* sample

          const depth = yield* seen({ of: "depth", queue })
          const latency = yield* seen({ of: "latency", queue })

          assert.deepStrictEqual(depth, {
            ready: 2,
            waiting: 1,
            running: 2,
            scheduled: 2,
            blocked: 0
          })
          assert.isAtLeast(latency["latency"]!, 0)
          assert.isBelow(latency["latency"]!, 60)
        }))

      it.effect("knows nothing of a queue without jobs", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, {})
          yield* settle(yield* claim({ queue, worker }), Settlement.Completed())
          yield* sample

          assert.strictEqual((yield* seen({ of: "depth", queue }))["ready"], -1)
          assert.strictEqual((yield* seen({ of: "latency", queue }))["latency"], -1)
          assert.strictEqual((yield* seen({ of: "run", queue }))["p50"], -1)
        }))

      it.effect("refuses a series that cannot be", () =>
        Effect.gen(function*() {
          for (const wish of [{ name: "greet" }, { by: "queue" }] as const) {
            const refused = seen({ of: "depth", ...wish })
            assert.strictEqual((yield* Effect.flip(refused))._tag, "JobInvalid")
          }
        }))
    }
  )
