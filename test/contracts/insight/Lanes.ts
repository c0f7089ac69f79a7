/**
 * One lane, and the longest of all.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { exact } from "../../../src/domain/Count.ts"
import { LaneView, LongestLanes } from "../../../src/domain/LaneView.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { Insight } from "../../../src/services/Insight.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import type { Services } from "./Failing.ts"

const lane = (queue: string, key: string, options: { limit?: number; after?: string } = {}) =>
  Insight.use((insight) => insight.lane({ queue, key, ...options }))

const many = (key: string, length: number) => Array.from({ length }, () => ({ key }))

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const idsOf = (jobs: ReadonlyArray<{ readonly id: string | bigint }>) =>
  jobs.map(({ id }) => String(id))

export const lanes = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("shows who has the head of a lane, and the jobs behind it in their order", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const key = "customer/7 ?"
      yield* enqueue(queue, { key, maxAttempts: 3 })
      const [head] = yield* claim({ queue, worker })
      const [b, c, d, e] = yield* enqueue(
        queue,
        { key },
        { key, priority: -1 },
        { key, priority: 5, name: "urgent" },
        { key },
        { key: "another" },
        { key, delay: Duration.hours(1) }
      )

      const seen = yield* lane(queue, key)

      assert.deepInclude(seen, { queue, key, next: null, behindCount: exact(4), estimate: null })
      assert.deepInclude(seen.head, {
        id: String(head!.id),
        state: "running",
        worker: "test",
        attempt: 1,
        maxAttempts: 3
      })
      assert.include(seen.head!.why, "runs it")
      assert.deepStrictEqual(idsOf(seen.behind), [d, b, e, c].map(String))
      assert.deepInclude(seen.behind[0], {
        name: "urgent",
        state: "waiting",
        priority: 5,
        worker: null,
        attempt: 0
      })
    }))

  it.effect("shows what the head of a lane waits for", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "a" }, { key: "a" }, { key: "b" }, { key: "c" })
      const [blocked, retried] = yield* claim({ queue, worker, limit: 2 })
      yield* settle([blocked!], Settlement.Failed({ error: "no\nluck", blocksLane: true }))
      yield* settle(
        [retried!],
        Settlement.Retried({ error: "no", delay: Duration.hours(1), holdsLane: true })
      )

      const { behindCount, estimate, head } = yield* lane(queue, "a")
      const { head: later } = yield* lane(queue, "b")
      const { head: ready } = yield* lane(queue, "c")

      assert.deepInclude(head, { id: String(blocked!.id), state: "blocked", since: null })
      assert.include(head!.why, "failed for good")
      assert.deepStrictEqual([behindCount, estimate], [exact(1), null])
      assert.deepInclude(later, { state: "retry", worker: null })
      assert.isAbove(Date.parse(later!.dueAt!), Date.now())
      assert.deepInclude(ready, { state: "ready", worker: null })
    }))

  it.effect("marks the jobs of a lane that were claimed along with the head", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [head] = yield* enqueue(queue, { key: "k" }, { key: "k" }, { key: "k" })
      yield* claim({ queue, worker, perLaneMax: 1 })

      const seen = yield* lane(queue, "k")

      assert.deepInclude(seen.head, { id: String(head), state: "running" })
      assert.deepStrictEqual(
        seen.behind.map(({ attempt, state, worker }) => [state, worker, attempt]),
        [["waiting", "test", 0], ["waiting", null, 0]]
      )
    }))

  it.effect("shows the jobs of a lane in parts, each of them once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const priorities = [0, 7, -3, 7, 0, 2 ** 31 - 1, -(2 ** 31), 0]
      yield* enqueue(queue, { key: "k", priority: 2 ** 31 - 1 })
      const ids = yield* enqueue(
        queue,
        ...priorities.map((priority) => ({ key: "k", priority }))
      )
      const found: Array<string> = []
      let after: string | undefined
      do {
        const part: LaneView = yield* lane(queue, "k", { limit: 3, ...(after && { after }) })
        assert.isAtMost(part.behind.length, 3)
        assert.deepStrictEqual(part.behindCount, exact(8))
        found.push(...idsOf(part.behind))
        after = part.next ?? undefined
      } while (after !== undefined)

      assert.deepStrictEqual(found, [5, 1, 3, 0, 4, 7, 2, 6].map((n) => String(ids[n])))
    }))

  it.effect("shows a lane that nobody knows as empty", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {}, { key: "other" })

      assert.deepStrictEqual(yield* lane(queue, "k"), {
        queue,
        key: "k",
        head: null,
        behind: [],
        next: null,
        behindCount: exact(0),
        estimate: null
      })
    }))

  it.effect("refuses to look at a lane that there cannot be", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      for (
        const [search, issue] of [
          [{ queue, key: "" }, "the key"],
          [{ queue: "q\u0000", key: "k" }, "the queue's name"],
          [{ queue, key: "k", limit: 201 }, "the limit"],
          [{ queue, key: "k", after: "x" }, "\"after\" is no cursor"]
        ] as const
      ) {
        const error = yield* Effect.flip(Insight.use((insight) => insight.lane(search)))
        assert.strictEqual(error._tag, "JobInvalid")
        assert.include(error.message, issue)
      }
    }))

  it.effect("finds the longest lanes, and counts the jobs behind their heads", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [head] = yield* enqueue(queue, ...many("long", 41))
      yield* claim({ queue, worker })
      yield* enqueue(queue, ...many("longer", 51), ...many("short", 1), {}, {})
      yield* claim({ queue, worker, limit: 1 })

      const longest = yield* Insight.use((insight) => insight.longestLanes)

      const found = longest.items.filter((one) => one.queue === queue)
      assert.deepStrictEqual(found.map(({ behind, key, state }) => [key, state, behind]), [
        ["longer", "running", exact(50)],
        ["long", "running", exact(40)]
      ])
      assert.deepInclude(found[1], { job: String(head), name: "greet" })
      assert.isFalse(longest.isSampled)
    }))

  it.effect("answers values of JSON alone for lanes", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, { key: "k" }, { key: "k" })

      const seen = yield* lane(queue, "k")
      const longest = yield* Insight.use((insight) => insight.longestLanes)

      assert.deepStrictEqual(Schema.decodeUnknownSync(LaneView)(json(seen)), seen)
      assert.deepStrictEqual(Schema.decodeUnknownSync(LongestLanes)(json(longest)), longest)
    }))
}
