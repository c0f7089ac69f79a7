/**
 * A job and its run take part in the trace of the program that adds the job. Without a tracer
 * nothing of this is there.
 *
 * Tests `src/services/Sending.ts`, `src/layers/worker/RunSpans.ts` and `src/layers/PgWorker.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Data, Deferred, Effect, Option, Queue, Schema, type Tracer } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import type * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { offer } from "../../../src/services/Offer.ts"
import { eventually, queueName } from "../../Given.ts"
import * as SeenSpans from "../../support/SeenSpans.ts"
import * as Traces from "../../support/Traces.ts"
import { asleep, finishedAll, options, producer, start } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.String, maxAttempts: 1 })
const Sync = Job.make("sync", { payload: Schema.String, unique: {} })

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"
const traceparent = `00-${traceId}-${spanId}-01`

class TooBad extends Data.TaggedError("TooBad")<{}> {}

/** A handler with a span of its own, which fails if its payload says so. */
const handlerOf = (ran: Queue.Queue<string>) =>
  Task.toLayer((payload) =>
    Effect.andThen(
      Queue.offer(ran, payload),
      payload === "bad" ? Effect.fail(new TooBad()) : Effect.void
    ).pipe(Effect.withSpan("step of the handler"))
  )

/** A queue with a worker. The spans of both are seen. */
const seen = Effect.fnUntraced(function*(more: Partial<QueueLive.Options> = {}) {
  const queue = yield* queueName
  const spans = yield* SeenSpans.make
  const ran = yield* Queue.unbounded<string>()
  yield* Effect.provide(start(handlerOf(ran), { queues: [queue], ...more }), spans.layer)
  const settled = (count: number) =>
    eventually(Effect.sync(() => {
      const runs = spans.named("process task")
      assert.deepStrictEqual(
        runs.map(SeenSpans.endOf).filter((end) => end !== "open").length,
        count
      )
      return runs
    }))
  return { queue, ran, settled, spans }
})

const tracesOf = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ traceparent: string | null }>`
    SELECT traceparent FROM pgq.jobs WHERE queue = ${queue} ORDER BY id
  `
  return rows.map(({ traceparent }) => traceparent ?? undefined)
})

const textOf = (span: Tracer.Span | undefined): string => `00-${span?.traceId}-${span?.spanId}-01`

layer(producer, options)("a trace", (it) => {
  it.effect("goes from the application's span to the spans of the handler", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const traces = yield* Traces.make
      const handler = Task.toLayer(() => Effect.void.pipe(Effect.withSpan("step of the handler")))
      yield* Effect.gen(function*() {
        yield* start(handler, { queues: [queue] })
        yield* Effect.withSpan(enqueue(Task, "", { queue }), "step of the application")
      }).pipe(Effect.provide(traces.layer))
      yield* finishedAll(queue, 1)

      const spans = (yield* traces.spans).filter(({ name }) => !name.startsWith("sql."))

      const named = (name: string) => spans.find((span) => span.name === name)!
      const chain = [
        "step of the application",
        `send ${queue}`,
        "process task",
        "step of the handler"
      ].map(named)
      assert.deepStrictEqual(
        chain.map(({ parentSpanId }) => parentSpanId),
        [undefined, ...chain.slice(0, 3).map(({ spanId }) => spanId)]
      )
      assert.lengthOf(new Set(chain.map(({ traceId }) => traceId)), 1)
      assert.deepStrictEqual(chain.map(({ kind }) => kind), [1, 4, 5, 1])
    }))

  it.effect("begins in SQL, too", () =>
    Effect.gen(function*() {
      const { queue, settled } = yield* seen()
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO pgq.jobs (queue, name, payload, traceparent)
        VALUES (${queue}, 'task', '""', ${traceparent})
      `
      yield* sql`
        SELECT pgq.enqueue('task', '""'::jsonb, queue => ${queue}, traceparent => ${traceparent})
      `
      yield* sql`
        SELECT pgq.offer('task', '""', queue => ${queue}, traceparent => ${traceparent})
      `
      const runs = yield* settled(3)
      assert.deepStrictEqual(
        runs.map((run) => [run.traceId, SeenSpans.parentOf(run)]),
        runs.map(() => [traceId, spanId])
      )
    }))

  it.effect("that is none fails no job", () =>
    Effect.gen(function*() {
      const { queue, settled } = yield* seen()
      const sql = yield* PgClient.PgClient
      const broken = [
        "x".repeat(55),
        `00-${"0".repeat(32)}-${spanId}-01`,
        `01-${traceId}-${spanId}-01`,
        `00-${traceId.toUpperCase()}-${spanId}-01`
      ]
      yield* sql`
        INSERT INTO pgq.jobs (queue, name, payload, traceparent)
        SELECT ${queue}, 'task', '""', text FROM unnest(${broken}::text[]) AS text
      `
      const runs = yield* settled(4)
      assert.deepStrictEqual(
        runs.map((run) => [SeenSpans.parentOf(run), run.links.length, SeenSpans.endOf(run)]),
        broken.map(() => [undefined, 0, "Success"])
      )
      assert.deepStrictEqual(
        (yield* finishedAll(queue, 4)).map(({ outcome }) => outcome),
        broken.map(() => "completed")
      )
    }))

  it.effect("is neither written nor made without a tracer", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ran = yield* Queue.unbounded<string>()
      const isAdded = yield* Deferred.make<void>()
      const handler = Task.toLayer(() =>
        Effect.gen(function*() {
          yield* Deferred.await(isAdded)
          const span = yield* Effect.option(Effect.currentParentSpan)
          yield* Queue.offer(ran, Option.isNone(span) ? "no span" : "a span")
        })
      )
      // The spans of the application go nowhere, and so does the one in which the layer is built.
      yield* Effect.withSpan(start(handler, { queues: [queue], workers: 9 }), "start")
      yield* Effect.gen(function*() {
        yield* enqueue(Task, "", { queue })
        yield* enqueueAll(Task, [{ payload: "", queue }, { payload: "", queue, priority: 1 }])
        yield* offer(Sync, queue, { queue, delay: "1 hour" })
      }).pipe(Effect.withSpan("step of the application"))

      assert.deepStrictEqual(yield* tracesOf(queue), [undefined, undefined, undefined, undefined])
      yield* Deferred.succeed(isAdded, undefined)
      const seen = yield* Effect.forEach([1, 2, 3], () => Queue.take(ran))
      assert.deepStrictEqual(seen, ["no span", "no span", "no span"])
    }))

  it.effect("has one span for the jobs of one call", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const spans = yield* SeenSpans.make
      const sql = yield* PgClient.PgClient
      const later = { queue, delay: "1 hour" } as const
      const [single] = yield* Effect.gen(function*() {
        const id = yield* enqueue(Task, "", later)
        yield* enqueueAll(Task, [{ payload: "1", ...later }, { payload: "2", ...later }])
        yield* enqueueAll(Task, [])
        yield* offer(Sync, queue, later)
        yield* sql.withTransaction(enqueue(Task, "", later))
        return [id]
      }).pipe(Effect.provide(spans.layer))

      const sent = spans.named(`send ${queue}`)
      const [one, many, offered, inTransaction] = sent.map(textOf)
      assert.deepStrictEqual(
        yield* tracesOf(queue),
        [one, many, many, offered, inTransaction]
      )
      assert.deepStrictEqual(
        sent.map(({ attributes }) => attributes.get("messaging.batch.message_count")),
        [undefined, 2, undefined, undefined]
      )
      assert.strictEqual(sent[0]!.attributes.get("messaging.message.id"), String(single))
      // The statements are part of it.
      assert.isTrue(spans.all.some((span) => SeenSpans.parentOf(span) === sent[0]!.spanId))
    }))

  it.effect("says how a run has ended, and is an error where the job has failed", () =>
    Effect.gen(function*() {
      const { queue, settled, spans } = yield* seen({ traceKeys: true })
      yield* enqueue(Task, "good", { queue, key: "customer-7" })
      yield* enqueue(Task, "bad", { queue, priority: -1 })

      const runs = yield* settled(2)

      const valuesOf = (...names: ReadonlyArray<string>) =>
        runs.map((run) => [...names.map((name) => run.attributes.get(name)), SeenSpans.endOf(run)])
      assert.deepStrictEqual(valuesOf("pgq.outcome", "error.type", "pgq.job.key"), [
        ["completed", undefined, "customer-7", "Success"],
        ["failed", "TooBad", undefined, "Failure"]
      ])
      assert.deepStrictEqual(
        valuesOf("messaging.destination.name", "pgq.job.attempt", "pgq.schema", "pgq.job.priority"),
        [[queue, 1, "pgq", 0, "Success"], [queue, 1, "pgq", -1, "Failure"]]
      )
      // Each run has a trace of its own, whatever the span in which the worker was started.
      assert.deepStrictEqual(
        spans.named("step of the handler").map(SeenSpans.parentOf),
        runs.map(({ spanId }) => spanId)
      )
    }))

  it.effect("is not told of statements that a worker asks by itself, unless asked", () =>
    Effect.gen(function*() {
      const quiet = yield* seen()
      yield* asleep(quiet.queue)
      // The start-up asks on the application's connections, once.
      const [first, ...others] = quiet.spans.all
      assert.strictEqual(first?.name, "PgSchema.check")
      assert.isTrue(others.every((span) => SeenSpans.parentOf(span) === first?.spanId))

      const loud = yield* seen({ traceStore: true })
      yield* asleep(loud.queue)
      assert.isNotEmpty(loud.spans.named("JobRepo.claim"))
    }))

  it.effect("that is not sampled stays so", () =>
    Effect.gen(function*() {
      const { queue, ran, spans } = yield* seen()
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO pgq.jobs (queue, name, payload, traceparent)
        VALUES (${queue}, 'task', '"x"', ${`00-${traceId}-${spanId}-00`})
      `
      yield* Queue.take(ran)
      yield* finishedAll(queue, 1)
      assert.isEmpty(spans.named("process task"))
      const [step] = spans.named("step of the handler")
      assert.deepStrictEqual([step?.traceId, step?.sampled], [traceId, false])

      const unsampled = Effect.withSpan("step of the application", { sampled: false })
      yield* unsampled(enqueue(Task, "", { queue: `${queue} b` })).pipe(Effect.provide(spans.layer))
      assert.deepStrictEqual(yield* tracesOf(`${queue} b`), [undefined])
      assert.isEmpty(spans.named(`send ${queue} b`))
    }))
})
