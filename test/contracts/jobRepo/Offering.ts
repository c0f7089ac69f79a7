/**
 * Unique jobs: offers find the job that holds their key, or add one.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { queueName, settle } from "../../Given.ts"
import { claimed, offer, offerAll, runs } from "./Offers.ts"

const hour = Duration.hours(1)

export const offering = (
  it: Vitest.MethodsNonLive<JobRepo | Scheduler | WorkerRegistry>
) => {
  it.effect("keeps an unfinished job with the key, also one that runs, and adds one after its end", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const first = yield* offer(queue, { payload: "1" })
      const second = yield* offer(queue, { payload: "2" })
      const jobs = yield* claimed(queue)
      const third = yield* offer(queue, { payload: "3" })
      const fourth = yield* offer(queue, { payload: "4", mode: "reject" })
      yield* settle(jobs, Settlement.Completed())
      const fifth = yield* offer(queue, { payload: "5" })

      const { id } = first
      assert.deepStrictEqual([first.outcome, second, third, fourth, fifth.outcome], [
        "added",
        { id, outcome: "kept" },
        { id, outcome: "kept" },
        { id, outcome: "rejected" },
        "added"
      ])
      assert.deepStrictEqual(yield* runs(queue), ["5"])
    }))

  it.effect("lets a job expire when its newest offer says so", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const expire = Scheduler.use(({ expire }) => expire)
      yield* offer(queue, { payload: "1", mode: "replace", expiresIn: Duration.zero })
      yield* offer(queue, { payload: "2", mode: "replace" })
      yield* expire
      assert.deepStrictEqual(yield* runs(queue), ["2"])

      yield* offer(queue, { payload: "3", mode: "replace" })
      yield* offer(queue, { payload: "4", mode: "replace", expiresIn: Duration.zero })
      yield* expire
      assert.deepStrictEqual(yield* runs(queue), [])
    }))

  for (
    const settlement of [
      Settlement.Retried({ error: "e", delay: Duration.zero, holdsLane: false }),
      Settlement.Released()
    ]
  ) {
    it.effect(`keeps the key of a job that is ${settlement._tag}, until it has failed`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const { id } = yield* offer(queue)
        yield* settle(yield* claimed(queue), settlement)
        const kept = yield* offer(queue)
        yield* settle(
          yield* claimed(queue),
          Settlement.Failed({ error: "e", blocksLane: false })
        )

        assert.deepStrictEqual(kept, { id, outcome: "kept" })
        assert.strictEqual((yield* offer(queue)).outcome, "added")
      }))
  }

  it.effect("replaces the values of a waiting job, as if it had never run", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const { id } = yield* offer(queue, { payload: "1", delay: hour })
      const replaced = yield* offer(queue, { payload: "2", mode: "replace", priority: 7 })
      const [job] = yield* claimed(queue)
      yield* settle(
        [job!],
        Settlement.Retried({ error: "e", delay: hour, holdsLane: false })
      )
      yield* offer(queue, { payload: "3", mode: "replace" })
      const [again] = yield* claimed(queue)

      assert.deepStrictEqual(replaced, { id, outcome: "replaced" })
      assert.deepInclude(job, { id, payload: "2", priority: 7, attempt: 1 })
      assert.deepInclude(again, { id, payload: "3", priority: 0, attempt: 1 })
    }))

  it.effect("adds a job beside a running one that is replaced, and one more replaces that", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* offer(queue, { payload: "1" })
      const running = yield* claimed(queue)
      const second = yield* offer(queue, { payload: "2", mode: "replace" })
      const third = yield* offer(queue, { payload: "3", mode: "replace" })
      yield* settle(running, Settlement.Released())

      assert.strictEqual(second.outcome, "added")
      assert.deepStrictEqual(third, { id: second.id, outcome: "replaced" })
      assert.deepStrictEqual(yield* runs(queue), ["1", "3"])
    }))

  it.effect("keeps a waiting job, and not a running one, while queued", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const { id } = yield* offer(queue, { payload: "1", mode: "keep-queued" })
      const kept = yield* offer(queue, { payload: "2", mode: "keep-queued" })
      yield* claimed(queue)
      const added = yield* offer(queue, { payload: "3", mode: "keep-queued" })

      assert.deepStrictEqual([kept, added.outcome], [{ id, outcome: "kept" }, "added"])
      assert.deepStrictEqual(yield* runs(queue), ["3"])
    }))

  it.effect("keeps a job that has ended within a time, and takes the newest of a throttled burst", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const once = { within: hour }
      const { id } = yield* offer(queue, once)
      yield* runs(queue)
      const answers = yield* offerAll(
        queue,
        once,
        { ...once, mode: "reject" },
        { ...once, mode: "replace" }
      )
      const other = yield* offer(queue, { ...once, key: "v" })
      const trail = { key: "t", mode: "trail", within: hour } as const
      yield* offer(queue, { ...trail, payload: "1" })
      yield* offer(queue, { ...trail, payload: "2" })
      const early = yield* runs(queue)
      const third = yield* offer(queue, { ...trail, payload: "3" })
      const fourth = yield* offer(queue, { ...trail, payload: "4" })

      assert.deepStrictEqual(answers, [
        { id, outcome: "kept" },
        { id, outcome: "rejected" },
        { id, outcome: "kept" }
      ])
      assert.strictEqual(other.outcome, "added")
      assert.deepStrictEqual(early, ["{}", "2"])
      assert.deepStrictEqual(fourth, { id: third.id, outcome: "replaced" })
      assert.deepStrictEqual(yield* runs(queue), [])
    }))

  it.effect("delays a debounced job, by as much as was asked and no more", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const late = { mode: "debounce", wait: hour, maxWait: hour } as const
      yield* offer(queue, { ...late, payload: "1" })
      yield* offer(queue, { ...late, payload: "2" })
      const before = yield* runs(queue)
      const at = yield* offer(queue, { ...late, wait: Duration.zero, payload: "3" })

      assert.strictEqual(at.outcome, "replaced")
      assert.deepStrictEqual([before, yield* runs(queue)], [[], ["3"]])
    }))

  it.effect("starts the last of a burst, whether it came in one call or in several", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const late = { key: "v", mode: "debounce", wait: hour, maxWait: hour } as const
      const burst = [
        { ...late, payload: "1" },
        { ...late, payload: "2", wait: Duration.zero },
        { ...late, payload: "3" }
      ]
      const first = yield* offerAll(queue, ...burst)
      const { id } = first[2]!
      const second = yield* offerAll(queue, ...burst)
      const before = yield* runs(queue)
      const third = yield* offerAll(queue, ...burst, { ...late, payload: "4", wait: Duration.zero })

      const merged = { id, outcome: "merged" } as const
      assert.deepStrictEqual(first, [merged, merged, { id, outcome: "added" }])
      assert.deepStrictEqual(second, [merged, merged, { id, outcome: "replaced" }])
      assert.deepStrictEqual(third, [merged, merged, merged, { id, outcome: "replaced" }])
      assert.deepStrictEqual([before, yield* runs(queue)], [[], ["4"]])
    }))

  it.effect("merges the jobs of one call: the first is kept, or the last replaces", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const answers = yield* offerAll(
        queue,
        { payload: "1" },
        { payload: "2" },
        { key: "v", mode: "replace", payload: "3" },
        { key: "w", mode: "reject", payload: "4" },
        { key: "v", mode: "replace", payload: "5" },
        { key: "w", mode: "reject", payload: "6" },
        { name: `${queue}'s other`, payload: "7" }
      )

      assert.deepStrictEqual(answers.map(({ outcome }) => outcome), [
        "added",
        "merged",
        "merged",
        "added",
        "added",
        "rejected",
        "added"
      ])
      assert.deepStrictEqual(yield* runs(queue), ["1", "4", "5", "7"])
    }))

  it.effect("tells keys apart by name, by queue where asked, and by fields of the payload", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [first, second, third] = yield* offerAll(
        queue,
        { key: ["b", "a"], payload: "{\"a\": 1, \"b\": \"x\", \"c\": 1}" },
        { key: "[\"x\", 1]" },
        { key: ["a"], payload: "{\"c\": 1}" }
      )
      const null_ = yield* offer(queue, { key: "null" })
      const whole = yield* offer(queue, { key: [], payload: "{\"bb\":1,\"c\":[1,\"é\"]}" })
      const text = yield* offer(queue, { key: "{\"c\": [1, \"é\"], \"bb\": 1}" })
      const name = queue
      const scoped = yield* offer(queue, { name, isScoped: true })
      const elsewhere = yield* offer(yield* queueName, { name, isScoped: true })
      const everywhere = yield* offer(yield* queueName, { name, key: "null" })

      assert.deepStrictEqual(second, { id: first!.id, outcome: "merged" })
      assert.deepStrictEqual(null_, { id: third!.id, outcome: "kept" })
      assert.deepStrictEqual(text, { id: whole.id, outcome: "kept" })
      assert.deepStrictEqual([scoped.outcome, elsewhere.outcome], ["added", "added"])
      assert.deepStrictEqual(everywhere, { id: third!.id, outcome: "kept" })
    }))

  it.effect("keeps jobs with one key apart when their names differ, and adds all without a key", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const answers = yield* offerAll(queue, { name: `${queue}1` }, { name: `${queue}2` })

      assert.deepStrictEqual(answers.map(({ outcome }) => outcome), ["added", "added"])
      assert.deepStrictEqual(
        (yield* claimed(queue)).map(({ id }) => id),
        answers.map(({ id }) => id)
      )
    }))
}
