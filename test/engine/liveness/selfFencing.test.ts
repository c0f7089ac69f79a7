/**
 * A worker that cannot renew. Its leases last for 15 seconds, and the worker trusts them for 12.
 *
 * Tests `src/layers/worker/Heartbeat.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { EventEmitter, once } from "node:events"
import { StoreError } from "../../../src/domain/Errors.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { counts, start as startWorker, Task } from "../Memory.ts"

/** A simulated connection to the store, which the test opens and closes. */
const way = () => {
  const state = { isOpen: true }
  const pass = <A>(answer: Effect.Effect<A, StoreError>) =>
    Effect.suspend(() => state.isOpen ? answer : Effect.fail(unreachable))
  return {
    state,
    registry: (registry: WorkerRegistry["Service"]): WorkerRegistry["Service"] => ({
      ...registry,
      renew: (id) => pass(registry.renew(id)),
      reconcile: (id, known) => pass(registry.reconcile(id, known))
    })
  }
}

const unreachable = new StoreError({
  operation: "test",
  isTransient: true,
  detail: "unreachable",
  cause: undefined
})

/** Starts a worker. When the test ends, the worker cancels its endless jobs. */
const start = Effect.fnUntraced(function*(
  handlers: Layer.Layer<never>,
  { registry }: Pick<ReturnType<typeof way>, "registry">,
  lines: Array<string> = []
) {
  const control = yield* startWorker(handlers, { registry, lines })
  yield* Effect.addFinalizer(() => control.stop("cancel"))
})

/** Handlers that run until they are interrupted, and a trace of their starts and interruptions. */
const endless = () => {
  const trace: Array<string> = []
  const handlers = Task.toLayer((_, { attempt, key = "none" }) => {
    trace.push(`${key} begins its try ${attempt}`)
    return Effect.onInterrupt(
      Effect.never,
      () => Effect.sync(() => trace.push(`${key} breaks off`))
    )
  })
  return { trace, handlers }
}

it.effect("breaks off its jobs with a key while nobody else can have them yet", () =>
  Effect.gen(function*() {
    const { handlers, trace } = endless()
    const { registry, state } = way()
    yield* enqueue(Task, 0, { key: "k" })
    yield* enqueue(Task, 1)
    yield* start(handlers, { registry })
    yield* TestClock.adjust("5 seconds")
    state.isOpen = false

    yield* TestClock.adjust("11 seconds")
    assert.deepStrictEqual(trace, ["k begins its try 1", "none begins its try 1"])
    yield* TestClock.adjust("2 seconds")

    assert.deepStrictEqual(trace.slice(2), ["k breaks off"])
    assert.strictEqual((yield* counts).running, 2)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("says in one warning what it broke off, and nothing of each job's end", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const news = new EventEmitter()
    const { registry, state } = way()
    yield* enqueue(Task, 0, { key: "k" })
    yield* start(Task.toLayer(() => once(news, "end")), { registry }, lines)
    yield* TestClock.adjust("5 seconds")
    state.isOpen = false
    yield* TestClock.adjust("13 seconds")

    news.emit("end")
    yield* TestClock.adjust(1)

    const told = lines.filter((line) => !line.includes("heartbeat failed: "))
    assert.lengthOf(told, 1)
    assert.match(told[0]!, /^Warn .*interrupted the runs with a key.*: job 1 \(task\)$/)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("starts nothing before it has renewed, and then what it broke off", () =>
  Effect.gen(function*() {
    const { handlers, trace } = endless()
    const { registry, state } = way()
    yield* start(handlers, { registry })
    yield* TestClock.adjust("5 seconds")
    state.isOpen = false
    yield* TestClock.adjust("13 seconds")
    yield* enqueue(Task, 0, { key: "k" })

    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(trace, [])
    state.isOpen = true
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(trace, ["k begins its try 1"])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("runs again what it broke off, with no attempt used", () =>
  Effect.gen(function*() {
    const { handlers, trace } = endless()
    const { registry, state } = way()
    yield* enqueue(Task, 0, { key: "k" })
    yield* start(handlers, { registry })
    yield* TestClock.adjust("5 seconds")
    state.isOpen = false
    yield* TestClock.adjust("13 seconds")
    state.isOpen = true

    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(trace, ["k begins its try 1", "k breaks off", "k begins its try 1"])
  }).pipe(Effect.provide(MemorySchema.layer)))
