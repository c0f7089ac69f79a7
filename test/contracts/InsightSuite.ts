/**
 * The contract of `Insight`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer, Schema } from "effect"
import * as Count from "../../src/domain/Count.ts"
import { Overview } from "../../src/domain/Overview.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import { version } from "../../src/domain/Version.ts"
import { Insight } from "../../src/services/Insight.ts"
import { PauseControl } from "../../src/services/PauseControl.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../Given.ts"
import { failing, type Services } from "./insight/Failing.ts"
import { lanes } from "./insight/Lanes.ts"

const { exact } = Count

const delay = Duration.hours(1)

const queueOf = (name: string) => Insight.use((insight) => insight.queue(name))

const overviewOf = (name: string) => Insight.use((insight) => insight.overview({ queues: [name] }))

/** Settles the first ready job of the queue. */
const settleFirst = Effect.fnUntraced(function*(queue: string, settlement: Settlement) {
  const [job] = yield* claim({ queue, worker: yield* workerOf(queue), limit: 1 })
  yield* settle([job!], settlement)
  return String(job!.id)
})

export const suite = (
  name: string,
  store: Layer.Layer<PauseControl | Services, unknown>
) =>
  withLayer(store, { timeout: "60 seconds", excludeTestServices: true })(
    `Insight (${name})`,
    (it) => {
      it.effect("counts the jobs of a queue by their state, and its slots", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const first = { priority: 9 }
          yield* enqueue(queue, { ...first, key: "k" }, first, { ...first, key: "l" }, first)
          const [, , broken, retried] = yield* claim({ queue, worker, limit: 4 })
          yield* settle([broken!], Settlement.Failed({ error: "no", blocksLane: true }))
          yield* settle([retried!], Settlement.Retried({ error: "no", delay, holdsLane: true }))
          yield* enqueue(queue, {}, {}, {}, { key: "k" }, { delay })

          const { latency, bands, ...view } = yield* queueOf(queue)

          assert.deepStrictEqual(view, {
            queue,
            objective: null,
            ready: exact(3),
            waiting: exact(1),
            running: exact(2),
            later: exact(2),
            lag: 0,
            retrying: exact(0),
            blocked: exact(1),
            paused: exact(0),
            workers: 1,
            slots: 1,
            pause: null
          })
          assert.deepStrictEqual(bands.map(({ priority }) => priority), [0])
          assert.isAtLeast(latency!, 0)
        }))

      it.effect("says how long the first job of each priority has been ready", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* enqueue(queue, { priority: 2 }, { priority: -1 }, {}, { priority: 2 })

          const before = yield* queueOf(queue)
          yield* claim({ queue, worker, limit: 2 })
          const between = yield* queueOf(queue)
          yield* claim({ queue, worker })
          const after = yield* queueOf(queue)

          assert.deepStrictEqual(before.bands.map(({ priority }) => priority), [2, 0, -1])
          assert.strictEqual(before.latency, Math.max(...before.bands.map((band) => band.latency)))
          assert.deepStrictEqual(between.bands.map(({ priority }) => priority), [0, -1])
          assert.isAtLeast(between.latency!, before.bands[2]!.latency)
          assert.deepStrictEqual([after.bands, after.latency], [[], 0])
          // A job counts from when it came, whatever time it was for.
          yield* enqueue(queue, { runAt: new Date(0) })
          assert.isBelow((yield* queueOf(queue)).latency!, 60)
        }))

      it.effect("names the queues that have jobs, workers or pauses, and one that has nothing", () =>
        Effect.gen(function*() {
          const names = yield* Effect.all(Array.from({ length: 6 }, () => queueName))
          const [ready, behind, later, leased, served, paused] = names
          yield* enqueue(ready!, {})
          yield* enqueue(behind!, { key: "k" }, { key: "k" })
          yield* enqueue(later!, { delay })
          yield* enqueue(leased!, {})
          const worker = yield* workerOf(leased!)
          yield* claim({ queue: leased!, worker })
          yield* workerOf(served!)
          yield* PauseControl.use((control) =>
            control.pause({ queue: paused!, name: undefined }, {})
          )

          const { hasMoreQueues, queues, unread } = yield* Insight.use((insight) =>
            insight.overview()
          )

          const found = queues.map(({ queue }) => queue)
          assert.includeMembers(found, names)
          assert.deepStrictEqual(found, found.toSorted())
          assert.deepStrictEqual([hasMoreQueues, unread], [false, []])
          const nothing = yield* queueOf(yield* queueName)
          assert.deepStrictEqual([nothing.ready, nothing.latency, nothing.workers], [
            exact(0),
            0,
            0
          ])
        }))

      it.effect("shows the ready jobs of a paused queue as paused", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, {}, {}, { delay })
          const control = yield* PauseControl
          yield* control.pause({ queue, name: undefined }, { reason: "month end" })

          const { later, pause, paused, ready } = yield* queueOf(queue)

          assert.deepStrictEqual([ready, paused, later], [exact(0), exact(2), exact(1)])
          assert.deepInclude(pause, { reason: "month end", until: null })
          yield* control.resume({ queue, name: undefined })
          assert.strictEqual((yield* queueOf(queue)).pause, null)
        }))

      it.effect("shows the lanes that wait with their head", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { key: "a" }, { key: "a" }, { key: "b" }, { key: "c" }, {})
          const error = "no luck\n at all"
          const blocked = yield* settleFirst(queue, Settlement.Failed({ error, blocksLane: true }))
          const late = yield* settleFirst(
            queue,
            Settlement.Retried({ error, delay: Duration.hours(2), holdsLane: true })
          )
          const soon = yield* settleFirst(
            queue,
            Settlement.Retried({ error, delay, holdsLane: true })
          )
          const lanes = (kind: "blocked" | "retrying") =>
            Effect.map(
              Insight.use((insight) => insight.lanes(kind)),
              (found) => found.filter((lane) => lane.queue === queue)
            )

          const [waits, ...others] = yield* lanes("blocked")
          const retrying = yield* lanes("retrying")

          assert.deepInclude(waits, { queue, key: "a", job: blocked, name: "greet", nextAt: null })
          assert.deepStrictEqual(others, [])
          assert.deepStrictEqual(retrying.map(({ job, key }) => [job, key]), [[soon, "c"], [
            late,
            "b"
          ]])
          assert.isTrue(retrying.every(({ nextAt }) => nextAt !== null))
          const overview = yield* overviewOf(queue)
          assert.deepStrictEqual(overview.blockedLanes, [waits!])
          assert.deepStrictEqual(overview.queues[0]?.retrying, exact(2))
        }))

      it.effect("tells of names without a handler, and of how jobs ended lately", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const first = { priority: 1 }
          yield* enqueue(queue, first, { ...first, name: "sms" }, { name: "a" }, { name: "a" })
          const job = yield* settleFirst(
            queue,
            Settlement.Failed({ error: "no", blocksLane: false })
          )
          const [unhandled] = yield* claim({ queue, worker: yield* workerOf(queue), limit: 1 })
          const error = `no handler for "sms"`
          yield* settle([unhandled!], Settlement.Unhandled({ error, delay }))
          yield* settleFirst(queue, Settlement.Completed())

          const overview = yield* overviewOf(queue)

          assert.deepStrictEqual(overview.unhandled, [
            { queue, name: "sms", jobs: 1, job: String(unhandled!.id) }
          ])
          const ends = overview.ends.names.filter((end) => end.queue === queue)
          assert.deepStrictEqual(ends, [{ queue, name: "greet", failed: 1, completed: 0 }])
          assert.isAbove(Number(job), 0)
        }))

      it.effect("shows the workers, with what they renew and handle", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const id = yield* workerOf(queue, "1 minute")
          yield* enqueue(queue, {}, {})
          yield* claim({ queue, worker: id })

          const workers = yield* Insight.use((insight) => insight.workers)
          const { ageSeconds, renewedSeconds, ...worker } = workers.find((one) => one.id === id)!

          assert.isAtLeast(ageSeconds, renewedSeconds - 0.001)
          assert.isBelow(renewedSeconds, 60)
          assert.deepStrictEqual(worker, {
            id,
            label: "test",
            host: "localhost",
            pid: process.pid,
            queues: [queue],
            names: ["test"],
            mode: "row-lock",
            concurrency: 1,
            running: 2,
            leaseSeconds: 60,
            isStopping: false,
            isLive: true,
            version
          })
        }))

      it.effect("shows the workers that ended lately, and how, the newest first", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const registry = yield* WorkerRegistry
          const [dead, gone] = [yield* workerOf(queue), yield* workerOf(queue)]
          yield* enqueue(queue, {}, {})
          yield* claim({ queue, worker: dead })
          yield* registry.reportDead(dead)
          yield* registry.leave(gone)

          const { pastWorkers } = yield* overviewOf(queue)

          const own = pastWorkers.filter(({ id }) => [dead, gone].includes(id))
          assert.deepStrictEqual(
            own.map(({ ended, id, jobsHeld }) => ({ ended, id, jobsHeld })),
            [{ ended: "left", id: gone, jobsHeld: 0 }, { ended: "died", id: dead, jobsHeld: 2 }]
          )
          const { endedAt, endedSeconds, host, label, pid } = own[0]!
          assert.deepStrictEqual([host, label, pid], ["localhost", "test", process.pid])
          assert.isBelow(Math.abs(Date.now() - Date.parse(endedAt) - endedSeconds * 1000), 60_000)
        }))

      it.effect("answers values of JSON alone", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { key: "k" }, { delay })
          yield* workerOf(queue)

          const overview = yield* Insight.use((insight) => insight.overview())

          const read = Schema.decodeUnknownSync(Overview)(JSON.parse(JSON.stringify(overview)))
          assert.deepStrictEqual(read, overview)
        }))

      failing(it)
      lanes(it)
    }
  )
