/**
 * The metrics of a worker, read as Prometheus reads them.
 *
 * Tests `src/observe/Metrics.ts`, `src/observe/Series.ts` and `src/domain/MetricNames.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Metric, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as MetricNames from "../../src/domain/MetricNames.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as Metrics from "../../src/observe/Metrics.ts"
import { enqueue, enqueueAll } from "../../src/services/Enqueue.ts"
import { WorkerControl } from "../../src/services/WorkerControl.ts"
import * as MovingClock from "../support/MovingClock.ts"
import * as ExpositionFormat from "./ExpositionFormat.ts"
import { valueOf } from "./Samples.ts"

const Tick = Job.make("tick", { payload: Schema.Finite, maxAttempts: 1 })
const Odd = Job.make("a \"name\"\\ of\nlines")

const start = Effect.gen(function*() {
  const ticked = yield* Deferred.make<void>()
  const context = yield* Layer.buildWithScope(
    MemoryQueue.layer({ jobs: [Tick, Odd], workers: 3 }).pipe(
      Layer.provide(Layer.merge(
        Tick.toLayer((n) => n < 0 ? Effect.fail("negative") : Effect.void),
        Odd.toLayer(() => Deferred.succeed(ticked, undefined))
      ))
    ),
    yield* MovingClock.scope()
  )
  return { context, ticked }
})

describe("the metrics", () => {
  it.effect("are well-formed text with the names of the table, and count what happened", () =>
    Effect.gen(function*() {
      const { context, ticked } = yield* start
      yield* Effect.gen(function*() {
        const text = yield* Metrics.prometheus()
        yield* Effect.gen(function*() {
          yield* enqueueAll(Tick, [1, 2, 3, 4, -1].map((payload) => ({ payload })))
          yield* enqueue(Odd)
        }).pipe(Effect.provide(Metrics.layerProducer))
        yield* Deferred.await(ticked)
        yield* TestClock.adjust("1 second")

        const families = ExpositionFormat.parse(yield* text)

        const tick = { pgq_job_name: "tick", messaging_destination_name: "default" }
        assert.deepStrictEqual([
          valueOf(families, "pgq_job_settled_total", { ...tick, pgq_outcome: "completed" }),
          valueOf(families, "pgq_job_settled_total", { ...tick, pgq_outcome: "failed" }),
          valueOf(families, "pgq_job_settled_total", { ...tick, pgq_outcome: "retried" }),
          valueOf(families, "messaging_process_duration_seconds_count", tick),
          valueOf(families, "pgq_job_wait_duration_seconds_count", tick),
          valueOf(families, "messaging_process_duration_seconds_count", {
            pgq_job_name: Odd.name
          }),
          valueOf(families, "messaging_client_consumed_messages_total"),
          valueOf(families, "pgq_worker_slots"),
          valueOf(families, "pgq_worker_running")
        ], [4, 1, 0, 5, 5, 1, 6, 3, 0])
        const known = Object.values(MetricNames.metrics)
        for (const { name, samples, type } of families.values()) {
          const row = known.find(({ prometheus }) => prometheus === name)
          assert.strictEqual(row?.type, type, name)
          const allowed = ["le", "messaging_system", ...row!.attributes.map(labelOf)]
          for (const { labels } of samples) assert.includeMembers(allowed, Object.keys(labels))
        }
        // Sends were counted in the registry at hand, and nothing has failed.
        assert.deepStrictEqual(
          known.map(({ prometheus }) => prometheus).filter((name) => !families.has(name)),
          ["messaging_client_sent_messages_total", "pgq_store_errors_total"]
        )
      }).pipe(Effect.provideContext(context))
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("share the registry in force if they are asked to", () =>
    Effect.gen(function*() {
      const { context, ticked } = yield* start
      yield* Effect.gen(function*() {
        const text = yield* Metrics.prometheus({ sharedRegistry: true })
        yield* enqueue(Odd).pipe(Effect.provide(Metrics.layerProducer))
        yield* Metric.update(Metric.counter("mine_total", { description: "Mine." }), 2)
        yield* Deferred.await(ticked)

        const families = ExpositionFormat.parse(yield* text)

        assert.deepStrictEqual([
          valueOf(families, "mine_total"),
          valueOf(families, "messaging_client_sent_messages_total"),
          valueOf(families, "messaging_client_operation_duration_seconds_count", {
            messaging_operation_name: "send"
          }),
          valueOf(families, "messaging_client_consumed_messages_total")
        ], [2, 1, 1, 1])
      }).pipe(Effect.provideContext(context))
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect(
    "drop the series of a kind that nobody has seen for an hour",
    () =>
      Effect.gen(function*() {
        const { context, ticked } = yield* start
        yield* Effect.gen(function*() {
          const text = yield* Metrics.prometheus()
          const settled = Effect.map(
            text,
            (page) => ExpositionFormat.parse(page).has("pgq_job_settled_total")
          )
          yield* enqueue(Odd)
          yield* Deferred.await(ticked)
          yield* TestClock.adjust("1 second")
          assert.isTrue(yield* settled)

          yield* TestClock.adjust("62 minutes")
          assert.isFalse(yield* settled)
        }).pipe(Effect.provideContext(context))
      }),
    { timeout: 120_000 }
  )

  it.effect("leave the registry with their scope", () =>
    Effect.gen(function*() {
      const { context } = yield* start
      const registry: Metric.MetricRegistry = new Map()
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Metrics.layer)
        assert.isAbove(registry.size, 5)
      })).pipe(
        Effect.provideContext(Context.pick(WorkerControl)(context)),
        Effect.provideService(Metric.MetricRegistry, registry)
      )
      assert.strictEqual(registry.size, 0)
    }))
})

const labelOf = (attribute: string): string => attribute.replaceAll(".", "_")
