/**
 * The span of a run is a child of the span that added its job, or begins a trace with a link. The
 * store is in memory, and the test moves the clock.
 *
 * Tests `src/domain/TraceStyle.ts` and `src/layers/worker/RunSpans.ts`.
 */
import { assert, it } from "@effect/vitest"
import { type Duration, Effect, Queue, type Tracer } from "effect"
import { TestClock } from "effect/testing"
import { setImmediate } from "node:timers/promises"
import { isChild, styles, type TraceStyle } from "../../../src/domain/TraceStyle.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import * as SeenSpans from "../../support/SeenSpans.ts"
import { counts, start } from "../Memory.ts"

const Task = Job.make("task", { maxAttempts: 2, backoffBase: "2 hours", backoffCap: "2 hours" })

const traced = Effect.withSpan("step of the application")

/** Adds a job, runs it twice with two hours in between, and tells how the spans stand. */
const relations = Effect.fnUntraced(
  function*(style: TraceStyle, delay: Duration.Input = 0) {
    const spans = yield* SeenSpans.make
    const ran = yield* Queue.unbounded<number>()
    const handler = Task.toLayer((_, { attempt }) =>
      Effect.andThen(
        Queue.offer(ran, attempt),
        attempt === 1 ? Effect.fail("not yet") : Effect.void
      )
    )
    // No worker sees the hours pass: it would look four times a second.
    const runOnce = Effect.scoped(Effect.gen(function*() {
      yield* Scheduler.use(({ promote }) => promote)
      yield* start(handler, { traces: { style, haveKeys: false } })
      const attempt = yield* Queue.take(ran)
      while ((yield* counts).running > 0) yield* Effect.promise(() => setImmediate())
      return attempt
    }))
    return yield* Effect.gen(function*() {
      yield* traced(enqueue(Task, undefined, { delay }))
      yield* TestClock.adjust(delay)
      const first = yield* runOnce
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual([first, yield* runOnce], [1, 2])
      const [sent] = spans.named("send default")
      return spans.named("process task").map((run) => relationOf(run, sent!))
    }).pipe(Effect.provide(spans.layer))
  },
  Effect.provide(MemorySchema.layer)
)

const relationOf = (run: Tracer.Span, sent: Tracer.Span): string => {
  const links = run.links.map(({ span }) => span.spanId)
  const parent = SeenSpans.parentOf(run)
  return parent === sent.spanId && run.traceId === sent.traceId && links.length === 0
    ? "child"
    : parent === undefined && run.traceId !== sent.traceId && links.join() === sent.spanId
    ? "link"
    : "neither"
}

it.effect("a traced run is a child, and two hours later begins a trace of its own", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* relations("auto"), ["child", "link"])
  }))

it.effect("a traced run of a job for later begins a trace of its own", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* relations("auto", "1 minute"), ["link", "link"])
  }))

it.effect("a traced run is always a child, or always a link, where that is asked", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* relations("child", "1 minute"), ["child", "child"])
    assert.deepStrictEqual(yield* relations("link"), ["link", "link"])
  }))

it("a traced run begins a trace of its own after an hour", () => {
  const hour = 3_600_000
  const seen = styles.map((style) =>
    [hour - 1, hour].map((waited) => isChild(style, { attempt: 1 }, waited))
  )
  assert.deepStrictEqual(seen, [[true, false], [true, true], [false, false]])
})
