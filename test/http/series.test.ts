/**
 * Figures over time, as the HTTP API answers them.
 *
 * Tests `src/http/ChartsLive.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Ref } from "effect"
import * as Errors from "../../src/domain/Errors.ts"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import * as MemorySchema from "../../src/layers/memory/MemorySchema.ts"
import { Pulses } from "../../src/services/Pulses.ts"
import { Series } from "../../src/services/Series.ts"
import * as Socket from "./Socket.ts"

/** The API. The effect is run when a request arrives. */
const served = (arrived: Effect.Effect<unknown>) =>
  Socket.open(
    AdminApi.layer({ access: () => Effect.as(arrived, Access.full("ada")) })
  )

const opened = served(Effect.void)

const pathOf = (wish: Readonly<Record<string, string>>) =>
  `/api/v1/series?${new URLSearchParams({
    of: "finished",
    from: "2026-03-01T10:00:00Z",
    to: "2026-03-01T10:02:00Z",
    step: "60",
    ...wish
  })}`

/** A store whose series wait for so many requests, and are counted. */
const counted = Effect.fnUntraced(function*(requests: number) {
  const arrived = yield* Ref.make(0)
  const asked = yield* Ref.make(0)
  const latch = yield* Latch.make()
  const { series } = yield* Series
  const slow = Series.of({
    series: (filter) =>
      Effect.gen(function*() {
        yield* Ref.update(asked, (n) => n + 1)
        yield* latch.await
        if (filter.queue === "lost") {
          return yield* new Errors.StoreError({
            operation: "series",
            isTransient: true,
            detail: "",
            cause: ""
          })
        }
        return yield* series(filter)
      })
  })
  const arrival = Effect.flatMap(
    Ref.updateAndGet(arrived, (n) => n + 1),
    (n) => n === requests ? latch.open : Effect.void
  )
  const ask = yield* Effect.provideService(served(arrival), Series, slow)
  return { asked: Ref.get(asked), ask }
})

const pulse = (queue: string, completed: number) => ({
  queue,
  name: "greet",
  counts: [completed],
  wait: [completed],
  run: [completed]
})

describe("figures over time", () => {
  it.live("are the runs of each queue, in their order", () =>
    Effect.gen(function*() {
      const ask = yield* opened
      yield* Pulses.use((store) =>
        store.add(crypto.randomUUID(), [pulse("few & more", 2), pulse("many", 7)])
      )

      const now = Date.now()
      const answer = yield* ask(pathOf({
        by: "queue",
        from: new Date(now - 60_000).toISOString(),
        to: new Date(now + 1000).toISOString(),
        step: "3600"
      }))

      const { series } = Socket.json(answer) as { series: ReadonlyArray<{ label: string }> }
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(series.map(({ label }) => label), ["many", "few & more"])
    }).pipe(Effect.provide(MemorySchema.layer), Effect.scoped))

  it.live("of the same steps are read once for those who ask at the same time, and shortly after", () =>
    Effect.gen(function*() {
      const { ask, asked } = yield* counted(3)
      const fibers = yield* Effect.all(
        [{}, { from: "2026-03-01T10:00:30Z" }, { to: "2026-03-01T11:01:10+01:00" }].map((wish) =>
          Effect.forkChild(ask(pathOf(wish)))
        )
      )
      for (const fiber of fibers) {
        assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
      }
      yield* ask(pathOf({}))
      assert.strictEqual(yield* asked, 1)

      yield* ask(pathOf({ queue: "mail" }))
      assert.strictEqual(yield* asked, 2)
    }).pipe(Effect.provide(MemorySchema.layer), Effect.scoped))

  it.live("are asked for again after a failure", () =>
    Effect.gen(function*() {
      const { ask, asked } = yield* counted(1)

      const first = yield* ask(pathOf({ queue: "lost" }))
      yield* ask(pathOf({ queue: "lost" }))

      assert.strictEqual(first.status, 503)
      assert.strictEqual(yield* asked, 2)
    }).pipe(Effect.provide(MemorySchema.layer), Effect.scoped))

  it.live("that cannot be are one problem that says why", () =>
    Effect.gen(function*() {
      const ask = yield* opened
      for (
        const [wish, why] of [
          [{ to: "2026-03-01T09:00:00Z" }, "it ends before it begins"],
          [{ step: "90" }, "a step is whole minutes"],
          [{ of: "depth", name: "greet" }, "the depth is known of queues"],
          [{ of: "latency", by: "queue" }, "the latency is one series"],
          [{ to: "2026-03-09T09:00:00Z" }, "it has more than 1,000 points"],
          [{ queue: "\0" }, "the queue's name"],
          [{ from: "yesterday" }, "not a time with a zone"],
          [{ step: "0" }, "60"],
          [{ of: "all" }, "finished"]
        ] as const
      ) {
        const answer = yield* ask(pathOf(wish))
        assert.strictEqual(answer.status, 400, answer.text)
        assert.include(answer.text, "urn:pgq:problem:bad-request")
        assert.include(answer.text, why)
      }
    }).pipe(Effect.provide(MemorySchema.layer), Effect.scoped))
})
