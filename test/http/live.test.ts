/**
 * The stream of looks: who listens, what it costs, and when it ends.
 *
 * Tests `src/http/Live.ts` and `src/http/ServerEnd.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Queue, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../src/domain/Errors.ts"
import * as Verdict from "../../src/domain/Verdict.ts"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import * as Live from "../../src/http/Live.ts"
import * as Problems from "../../src/http/Problems.ts"
import { Unauthenticated } from "../../src/http/Problems.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import { Insight } from "../../src/services/Insight.ts"
import * as Listening from "./Listening.ts"
import * as Socket from "./Socket.ts"

const access = () => Effect.succeed(Access.readOnly("ada"))

/** The API over a queue in memory whose looks are made by `around`. */
const serve = (
  around: (look: ReturnType<Insight["Service"]["overview"]>) => typeof look = (look) => look,
  options: Partial<AdminApi.Options> = {}
) =>
  Socket.serve(
    AdminApi.layer({ access, ...options }).pipe(
      Layer.provide(Layer.effect(
        Insight,
        Insight.useSync((insight) => ({ ...insight, overview: () => around(insight.overview()) }))
      )),
      Layer.provide(Layer.fresh(MemoryQueue.client))
    )
  )

/** Looks that are counted, each of which takes a time. */
const counted = (duration: "0 seconds" | "1 second" | "10 seconds" = "0 seconds") =>
  Effect.gen(function*() {
    const overview = yield* Effect.provide(
      Insight.use((insight) => Effect.orDie(insight.overview())),
      MemoryQueue.client
    )
    let looks = 0
    return {
      looks: () => looks,
      look: Effect.suspend(() => {
        looks += 1
        return Effect.as(Effect.sleep(duration), { verdict: Verdict.of(overview), overview })
      })
    }
  })

/** Listens until the fiber is interrupted; the queue has the ids of the frames. */
const listen = <A extends { readonly id: string }>(frames: Stream.Stream<A>) =>
  Effect.gen(function*() {
    const ids = yield* Queue.unbounded<string>()
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(frames, ({ id }) => Queue.offer(ids, id))
    )
    return { next: Queue.take(ids), all: Queue.clear(ids), leave: Fiber.interrupt(fiber) }
  })

describe("looks that are sent by themselves", () => {
  it.effect("are made once for all who listen, at once and every two seconds", () =>
    Effect.gen(function*() {
      const { look, looks } = yield* counted()
      const frames = yield* Live.frames(look)
      const [one, other] = yield* Effect.all([listen(frames), listen(frames)])
      assert.deepStrictEqual(yield* Effect.all([one.next, other.next]), ["1", "1"])

      yield* TestClock.adjust("6 seconds")

      assert.deepStrictEqual(yield* one.all, ["2", "3", "4"])
      assert.deepStrictEqual(yield* other.all, ["2", "3", "4"])
      assert.strictEqual(looks(), 4)
      const late = yield* listen(frames)
      assert.strictEqual(yield* late.next, "4")
    }))

  it.effect("are not made when nobody listens", () =>
    Effect.gen(function*() {
      const { look, looks } = yield* counted()
      const frames = yield* Live.frames(look)
      const one = yield* listen(frames)
      yield* one.next

      yield* one.leave
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(looks(), 1)

      const other = yield* listen(frames)
      yield* other.next
      assert.strictEqual(looks(), 2)
    }))

  it.effect("take no more than a twentieth of the time, and come twice a minute at least", () =>
    Effect.gen(function*() {
      const slow = yield* counted("1 second")
      const slower = yield* counted("10 seconds")
      yield* listen(yield* Live.frames(slow.look))
      yield* listen(yield* Live.frames(slower.look))

      yield* TestClock.adjust("209 seconds")

      assert.strictEqual(slow.looks(), 10)
      assert.strictEqual(slower.looks(), 6)
    }))

  it.effect("go on after one that fails", () =>
    Effect.gen(function*() {
      const { look } = yield* counted()
      let isBroken = true
      const frames = yield* Live.frames(
        Effect.suspend(() => isBroken ? Effect.fail(new Problems.Slow()) : look)
      )
      const events = yield* Queue.unbounded<string>()
      yield* Effect.forkScoped(
        Stream.runForEach(frames, ({ event }) => Queue.offer(events, event))
      )

      assert.strictEqual(yield* Queue.take(events), "problem")
      isBroken = false
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Queue.take(events), "overview")
    }))

  it.effect("are not kept for one who reads slowly, but for the newest", () =>
    Effect.gen(function*() {
      const { look } = yield* counted()
      const frames = yield* Live.frames(look)
      const goOn = yield* Queue.unbounded<void>()
      const ids: Array<string> = []
      yield* Effect.forkScoped(Stream.runForEach(frames, ({ id }) => {
        ids.push(id)
        return Queue.take(goOn)
      }))
      yield* TestClock.adjust("1 minute")

      yield* Queue.offerAll(goOn, [undefined, undefined])
      yield* TestClock.adjust("1 second")

      assert.deepStrictEqual(ids, ["1", "31"])
    }))
})

describe("live", () => {
  it.live("sends what the overview answers, and the headers that proxies heed", () =>
    Effect.gen(function*() {
      const port = yield* serve()
      const { headers, next, status } = yield* Listening.to(port)

      assert.strictEqual(status, 200)
      assert.include(headers, { "cache-control": "no-store", "x-accel-buffering": "no" })
      assert.match(headers["content-type"] ?? "", /^text\/event-stream/)
      const { data, event, id } = yield* next
      assert.deepStrictEqual({ event, id }, { event: "overview", id: "1" })
      assert.hasAllKeys(data, ["overview", "verdict"])
    }))

  it.live("tells why there is no look, and goes on", () =>
    Effect.gen(function*() {
      const lost = new StoreError({
        operation: "look",
        detail: "lost",
        cause: undefined,
        isTransient: true
      })
      const port = yield* serve(() => Effect.fail(lost))
      const { next } = yield* Listening.to(port)

      const { data, event } = yield* next

      assert.strictEqual(event, "problem")
      assert.deepInclude(data, { type: "urn:pgq:problem:unavailable", status: 503 })
    }))

  it.live("stops to look when the last client leaves", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      const port = yield* serve(() =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
        )
      )
      const { leave } = yield* Listening.to(port)
      yield* Deferred.await(begun)

      yield* leave

      yield* Deferred.await(stopped)
    }))

  it.live("ends at once when the server stops", () =>
    Effect.gen(function*() {
      // The server of the test would wait an hour for an answer that it has begun.
      const scope = yield* Scope.make()
      const port = yield* Scope.provide(serve(), scope)
      const { end, next } = yield* Listening.to(port)
      assert.strictEqual((yield* next).event, "overview")

      yield* Scope.close(scope, Exit.void)

      assert.isTrue(yield* end)
      assert.strictEqual((yield* next).event, "bye")
    }))

  it.live("ends with the application that has mounted it as a function", () =>
    Effect.gen(function*() {
      const { dispose, handler } = AdminApi.toWebHandler({ access }, MemoryQueue.client)
      const request = new Request("http://localhost/api/v1/live")
      const response = yield* Effect.promise(() => handler(request))
      const reader = response.body!.getReader()
      const read = Effect.promise(() => reader.read()).pipe(
        Effect.map(({ value }) => /event: (.*)/.exec(new TextDecoder().decode(value))?.[1])
      )
      assert.deepStrictEqual([yield* read, yield* read], ["tick", "overview"])
      assert.strictEqual(response.headers.get("x-accel-buffering"), "no")

      yield* Effect.promise(dispose)

      assert.strictEqual(yield* read, "bye")
      assert.isTrue((yield* Effect.promise(() => reader.read())).done)
    }))

  it.effect("gives a sign of life every 15 seconds, until the client may not read any more", () =>
    Effect.gen(function*() {
      let isKnown = true
      const port = yield* serve(undefined, {
        access: () =>
          isKnown ? Effect.succeed(Access.readOnly("ada")) : Effect.fail(new Unauthenticated())
      })
      const { end, next } = yield* Listening.to(port)
      const nextSign: typeof next = Effect.flatMap(
        next,
        (event) => event.event === "overview" ? nextSign : Effect.succeed(event)
      )
      assert.strictEqual((yield* next).event, "overview")

      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* nextSign).event, "tick")
      isKnown = false
      yield* TestClock.adjust("15 seconds")

      assert.strictEqual((yield* nextSign).event, "bye")
      assert.isTrue(yield* end)
    }))

  it.live("turns away those who come when too many listen, until one leaves", () =>
    Effect.gen(function*() {
      const port = yield* serve()
      const all = yield* Effect.all(
        Array.from({ length: Live.listenersMax }, () => Listening.to(port)),
        { concurrency: 10 }
      )
      yield* Effect.forEach(all, ({ next }) => next)

      const refused = yield* Listening.to(port)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers["retry-after"], "5")

      yield* all[0]!.leave
      const again: Effect.Effect<Listening.Listening, never, Scope.Scope> = Effect.flatMap(
        Listening.to(port),
        (listening) => listening.status === 503 ? again : Effect.succeed(listening)
      )
      assert.strictEqual((yield* (yield* again).next).event, "overview")
    }))
})
