/**
 * The contract of `Notifier`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer, Queue, Stream } from "effect"
import { Settlement } from "../../src/domain/Settlement.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { Notifier, type Wake } from "../../src/services/Notifier.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, settle, workerOf } from "../Given.ts"

export const suite = (
  name: string,
  notifier: Layer.Layer<Notifier | JobRepo | Scheduler | WorkerRegistry, unknown>
) =>
  withLayer(notifier, { timeout: "60 seconds", excludeTestServices: true })(
    `Notifier (${name})`,
    (it) => {
      it.effect("says to look at everything first", () =>
        Effect.gen(function*() {
          const heard = yield* listen

          assert.deepStrictEqual(yield* Queue.take(heard), { _tag: "Everything" })
        }))

      it.effect("says to look when a job was added", () =>
        Effect.gen(function*() {
          const queue = yield* queueWithSleeper
          const heard = yield* listen
          yield* Queue.take(heard)

          yield* enqueue(queue, {})

          yield* saysToLook(heard, queue)
        }))

      it.effect("says to look when a job with a key was added", () =>
        Effect.gen(function*() {
          const queue = yield* queueWithSleeper
          const heard = yield* listen
          yield* Queue.take(heard)

          yield* enqueue(queue, { key: "k" })

          yield* saysToLook(heard, queue)
        }))

      for (const settlement of [Settlement.Completed(), Settlement.Released()]) {
        it.effect(`says to look when a lane goes on after a job is ${settlement._tag}`, () =>
          Effect.gen(function*() {
            const queue = yield* queueWithSleeper
            yield* enqueue(queue, { key: "k" }, { key: "k" })
            const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })
            const heard = yield* listen
            yield* Queue.take(heard)

            yield* settle(jobs, settlement)

            yield* saysToLook(heard, queue)
          }))
      }

      it.effect("says to look when the jobs of a dead worker come back", () =>
        Effect.gen(function*() {
          const queue = yield* queueWithSleeper
          const dead = yield* workerOf(queue)
          yield* enqueue(queue, {})
          yield* claim({ queue, worker: dead })
          const heard = yield* listen
          yield* Queue.take(heard)

          yield* WorkerRegistry.use((registry) => registry.reportDead(dead))

          yield* saysToLook(heard, queue)
        }))

      it.effect("says that something comes due soon, and to look when it is", () =>
        Effect.gen(function*() {
          const queue = yield* queueWithSleeper
          const heard = yield* listen
          yield* Queue.take(heard)

          yield* enqueue(queue, { delay: Duration.millis(100) })

          yield* hears(heard, (wake) => wake._tag === "Due")
          yield* eventually(Effect.gen(function*() {
            const { promoted } = yield* Scheduler.use((scheduler) => scheduler.promote)
            assert.isAbove(promoted, 0)
          }))
          yield* saysToLook(heard, queue)
        }))

      it.effect("serves several listeners", () =>
        Effect.gen(function*() {
          const queue = yield* queueWithSleeper
          const [one, other] = [yield* listen, yield* listen]
          yield* Queue.take(one)
          yield* Queue.take(other)

          yield* enqueue(queue, {})

          yield* saysToLook(one, queue)
          yield* saysToLook(other, queue)
        }))

      it.effect("goes on for the others when a listener leaves", () =>
        Effect.gen(function*() {
          const queue = yield* queueWithSleeper
          const { wakes } = yield* Notifier
          const heard = yield* listen
          yield* Queue.take(heard)
          yield* Stream.runDrain(Stream.take(wakes, 1))

          yield* enqueue(queue, {})

          yield* saysToLook(heard, queue)
        }))
    }
  )

/** Starts a listener, and answers with the queue of wake-ups that the listener receives. */
const listen = Effect.gen(function*() {
  const { wakes } = yield* Notifier
  const heard = yield* Queue.unbounded<Wake>()
  yield* wakes.pipe(
    Stream.runForEach((wake) => Queue.offer(heard, wake)),
    Effect.forkScoped
  )
  return heard
})

/**
 * A queue whose only worker is asleep after an empty claim. No wake-up is sent while all workers
 * are busy.
 */
const queueWithSleeper = Effect.gen(function*() {
  const queue = yield* queueName
  const worker = yield* workerOf(queue)
  assert.deepStrictEqual(yield* claim({ queue, worker }), [])
  return queue
})

const saysToLook = (heard: Queue.Dequeue<Wake>, queue: string) =>
  hears(heard, (wake) => wake._tag === "Jobs" && wake.queue === queue)

/** Waits for an expected wake-up. `Everything` counts as any wake-up. */
const hears = (heard: Queue.Dequeue<Wake>, isExpected: (wake: Wake) => boolean) =>
  Queue.take(heard).pipe(
    Effect.repeat({ until: (wake) => wake._tag === "Everything" || isExpected(wake) }),
    Effect.timeout("10 seconds")
  )
