/**
 * The metrics of a schema in memory: they are those of the last look, and gone after one that
 * failed.
 *
 * Tests `src/observe/QueueMetrics.ts`, `src/observe/QueueLooks.ts` and
 * `src/observe/QueueSeries.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Metric } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../src/domain/Errors.ts"
import { queueMetrics } from "../../src/domain/QueueMetricNames.ts"
import * as QueueReadings from "../../src/domain/QueueReadings.ts"
import * as Memory from "../../src/layers/memory/MemorySchema.ts"
import * as QueueMetrics from "../../src/observe/QueueMetrics.ts"
import { Insight } from "../../src/services/Insight.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import * as Overviews from "../domain/Overviews.ts"
import * as Given from "../Given.ts"
import * as Socket from "../http/Socket.ts"
import * as LogLines from "../support/LogLines.ts"
import * as ExpositionFormat from "./ExpositionFormat.ts"
import { valueOf } from "./Samples.ts"

const outage = new StoreError({
  operation: "overview",
  isTransient: true,
  code: "08006",
  detail: "the server is gone",
  cause: "outage"
})

/** A store in memory that can be made to answer no more. It counts the looks. */
const onFrailStore = Effect.gen(function*() {
  const store = { isDown: false, looks: 0 }
  const frail = Layer.effect(
    Insight,
    Effect.map(Insight, (insight) => ({
      ...insight,
      overview: (options) =>
        Effect.suspend(() => {
          store.looks++
          return store.isDown ? Effect.fail(outage) : insight.overview(options)
        })
    }))
  )
  const context = yield* Layer.build(Layer.provideMerge(frail, Memory.layer))
  return { context, store }
})

const jobs = { messaging_destination_name: "mail", pgq_state: "ready" }

describe("the metrics of a schema", () => {
  it.effect("are those of a look that stands for ten seconds, however many ask for it", () =>
    Effect.gen(function*() {
      const { context, store } = yield* onFrailStore
      yield* Effect.gen(function*() {
        const text = yield* QueueMetrics.prometheus
        yield* Given.enqueue("mail", {}, {})
        const pages = yield* Effect.all([text, text, text], { concurrency: "unbounded" })
        yield* Given.enqueue("mail", {})
        yield* TestClock.adjust("9 seconds")
        const same = yield* text
        yield* TestClock.adjust("1 second")
        const next = yield* text

        const ready = [...pages, same, next].map((page) =>
          valueOf(ExpositionFormat.parse(page), "pgq_queue_jobs", jobs)
        )
        assert.deepStrictEqual(ready, [2, 2, 2, 2, 3])
        assert.strictEqual(store.looks, 2)
      }).pipe(Effect.provideContext(context))
    }))

  it.effect("are gone after a look that failed, which is counted and logged once", () =>
    Effect.gen(function*() {
      const { context, store } = yield* onFrailStore
      const lines: Array<LogLines.LogLine> = []
      yield* Effect.gen(function*() {
        const text = yield* QueueMetrics.prometheus
        const page = Effect.map(
          Effect.tap(text, () => TestClock.adjust("10 seconds")),
          ExpositionFormat.parse
        )
        yield* Given.enqueue("mail", {})
        const good = yield* page
        store.isDown = true
        yield* page
        const bad = yield* page
        store.isDown = false
        const well = yield* page

        assert.deepStrictEqual(
          [good, bad, well].map((one) => valueOf(one, "pgq_queue_jobs", jobs)),
          [1, undefined, 1]
        )
        assert.sameMembers([...bad.keys()], [
          "pgq_look_duration_seconds",
          "pgq_look_errors_total",
          "pgq_workers_ended_total"
        ])
        assert.strictEqual(valueOf(bad, "pgq_look_errors_total", { error_type: "08" }), 2)
        assert.strictEqual(valueOf(well, "pgq_look_duration_seconds_count"), 4)
        assert.lengthOf(lines.filter(({ fields }) => fields["event"] === "metrics.unread"), 1)
      }).pipe(Effect.provideContext(context), Effect.provide(LogLines.into(lines)))
    }))

  it.effect("lose the series of a queue that is gone, and take one in that comes", () =>
    Effect.gen(function*() {
      const { context } = yield* onFrailStore
      yield* Effect.gen(function*() {
        const registry: Metric.MetricRegistry = new Map()
        yield* Effect.provideService(
          Layer.build(QueueMetrics.layer),
          Metric.MetricRegistry,
          registry
        )
        const queues = () =>
          Array.from(
            registry.values(),
            ({ attributes }) => attributes?.["messaging.destination.name"]
          ).filter((name) => name !== undefined)
        yield* Given.enqueue("mail", {})
        yield* TestClock.adjust("10 seconds")
        const [first, size] = [new Set(queues()), registry.size]
        const worker = yield* Given.workerOf("mail")
        yield* Given.runAll({ queue: "mail", worker })
        yield* WorkerRegistry.use((registry) => registry.leave(worker))
        yield* Given.enqueue("books", {})
        yield* TestClock.adjust("10 seconds")

        assert.deepStrictEqual([[...first], [...new Set(queues())]], [["mail"], ["books"]])
        assert.strictEqual(registry.size, size)
      }).pipe(Effect.provideContext(context))
    }))

  it.effect("leave the registry with their scope", () =>
    Effect.gen(function*() {
      const registry: Metric.MetricRegistry = new Map()
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(QueueMetrics.layer)
        yield* TestClock.adjust("10 seconds")
        assert.isAbove(registry.size, 2)
      })).pipe(
        Effect.provide(Memory.layer),
        Effect.provideService(Metric.MetricRegistry, registry)
      )
      assert.strictEqual(registry.size, 0)
    }))

  it.effect("count the workers that leave and die after the first look", () =>
    Effect.gen(function*() {
      const { context } = yield* onFrailStore
      yield* Effect.gen(function*() {
        const registry = yield* WorkerRegistry
        const [first, second, third] = [
          yield* Given.workerOf("mail"),
          yield* Given.workerOf("mail"),
          yield* Given.workerOf("mail")
        ]
        yield* registry.leave(first)
        const text = yield* QueueMetrics.prometheus
        const ended = Effect.map(
          Effect.tap(text, () => TestClock.adjust("10 seconds")),
          (page) =>
            ["left", "died"].map((end) =>
              valueOf(ExpositionFormat.parse(page), "pgq_workers_ended_total", { pgq_end: end })
            )
        )

        const before = yield* ended
        yield* registry.reportDead(second)
        yield* registry.leave(third)
        const after = yield* ended
        const later = yield* ended

        assert.deepStrictEqual([before, after, later], [[0, 0], [1, 1], [1, 1]])
      }).pipe(Effect.provideContext(context))
    }))

  it.live("are a page of an application, at its path", () =>
    Effect.gen(function*() {
      const ask = yield* Socket.open(
        QueueMetrics.layerPage({ path: "/metrics/queues" }).pipe(Layer.provide(Memory.layer))
      )
      const { headers, status, text } = yield* ask("/metrics/queues")

      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      assert.strictEqual(valueOf(ExpositionFormat.parse(text), "pgq_queues_more"), 0)
    }))
})

describe("the gauges of a look", () => {
  it("say nothing of what it has not read", () => {
    const queue = Overviews.queue({ latency: null, ready: null })
    const overview = Overviews.overview({ queues: [queue] })
    const [known, fewer] = [overview, { ...overview, unread: ["workers"] as const }].map((one) =>
      QueueReadings.of(one).map(({ attributes, id }) => attributes["pgq.state"] ?? id)
    )

    assert.notIncludeMembers(known!, ["ready", "pgq.queue.latency"])
    assert.includeMembers(known!, ["waiting", "pgq.queue.workers", "pgq.workers.live"])
    assert.notIncludeMembers(
      fewer!,
      ["pgq.queue.workers", "pgq.queue.slots", "pgq.queue.paused", "pgq.workers.live"]
    )
  })

  it("say that there are more queues, and name no more than twenty versions", () => {
    const workers = Array.from({ length: 30 }, (_, n) => Overviews.worker({ version: `1.0.${n}` }))
    const readings = QueueReadings.of(Overviews.overview({ hasMoreQueues: true, workers }))
    const versions = readings.filter(({ id }) => id === "pgq.workers.live")

    assert.deepInclude(readings, { id: "pgq.queues.more", attributes: {}, value: 1 })
    assert.lengthOf(versions, 21)
    assert.deepInclude(versions.at(-1), { attributes: { "pgq.version": "_other" }, value: 10 })
  })

  it("have the attributes of the table", () => {
    const overview = Overviews.overview({
      database: Overviews.database({ unpartitioned: [{ parent: "pgq.runs", rows: 3 }] })
    })
    for (const { attributes, id } of QueueReadings.of(overview)) {
      assert.sameMembers(Object.keys(attributes), [...queueMetrics[id].attributes], id)
    }
  })
})
