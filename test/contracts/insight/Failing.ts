/**
 * How jobs have failed lately, in groups.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { exact } from "../../../src/domain/Count.ts"
import { FailureGroups } from "../../../src/domain/FailureGroups.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { type FailuresOptions, Insight } from "../../../src/services/Insight.ts"
import type { JobControl } from "../../../src/services/JobControl.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import type { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { crash, retry, run } from "../jobControl/ByHand.ts"

export type Services = Insight | JobControl | JobRepo | WorkerRegistry

const failures = (options?: FailuresOptions) => Insight.use((insight) => insight.failures(options))

const failed = (error: string, blocksLane = false) => Settlement.Failed({ error, blocksLane })

const retried = (error: string) =>
  Settlement.Retried({ error, delay: Duration.hours(1), holdsLane: false })

/** The groups of a queue, with the counts of those that have ended and of those that have not. */
const countsOf = (queue: string) =>
  Effect.map(
    failures({ queue }),
    ({ groups }) =>
      groups.map(({ failed, fingerprint, name, unfinished }) => [
        name,
        fingerprint,
        failed.value,
        unfinished.value
      ])
  )

export const failing = (it: Vitest.MethodsNonLive<Services>) => {
  it.effect("groups failed jobs, and those that are tried again, by name and error", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const [first] = yield* enqueue(queue, {}, {}, {}, { name: "a" }, { key: "k" }, {})
      const jobs = yield* claim({ queue, worker })
      const [one, two, later, other, blocked, done] = jobs
      yield* settle([one!], failed("Declined: card 17\n  at the bank"))
      yield* settle([two!], failed("Declined: card 18"))
      yield* settle([later!], retried("Declined: card 19\n  at the bank"))
      yield* settle([other!], failed("Declined: card 20"))
      yield* settle([blocked!], failed("no \"a\"", true))
      yield* settle([done!], Settlement.Completed())

      const { at, groups, hasMoreGroups, isComplete, since } = yield* failures({ queue })

      assert.deepStrictEqual([hasMoreGroups, isComplete], [false, true])
      assert.strictEqual(Date.parse(at) - Date.parse(since), 7 * 86_400_000)
      const [biggest, ...others] = groups
      const { firstAt, lastAt, sample, ...group } = biggest!
      assert.deepStrictEqual(group, {
        name: "greet",
        fingerprint: "Declined: card …",
        hour: exact(3),
        day: exact(3),
        week: exact(3),
        failed: exact(2),
        unfinished: exact(1),
        trend: "new"
      })
      assert.isAtLeast(Number(BigInt(sample.job) - first!), 0)
      assert.match(sample.error, /^Declined: card 1[789]$/)
      assert.isTrue(since < firstAt && firstAt <= lastAt && lastAt <= at)
      assert.sameDeepMembers(
        others.map(({ failed, fingerprint, name, unfinished }) => [
          name,
          fingerprint,
          failed.value,
          unfinished.value
        ]),
        [["a", "Declined: card …", 1, 0], ["greet", "no \"…\"", 0, 1]]
      )
      const all = yield* failures()
      assert.includeDeepMembers(
        all.groups.map(({ sample }) => sample.job),
        [String(other!.id), String(blocked!.id)]
      )
    }))

  it.effect("counts a job by its last failure, until it completes", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})
      yield* run(queue, retried("first"))
      yield* retry(id!)
      const once = yield* countsOf(queue)
      yield* run(queue, retried("second"))
      yield* retry(id!)

      const twice = yield* countsOf(queue)
      yield* run(queue, Settlement.Completed())

      assert.deepStrictEqual(once, [["greet", "first", 0, 1]])
      assert.deepStrictEqual(twice, [["greet", "second", 0, 1]])
      assert.deepStrictEqual(yield* countsOf(queue), [])
    }))

  it.effect("forgets the failures of jobs that were queued again", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, {})
      yield* run(queue, retried("first"))
      yield* retry(id!)
      yield* run(queue, failed("at last"))
      const ended = yield* countsOf(queue)
      yield* retry(id!)

      const again = yield* countsOf(queue)
      yield* run(queue, retried("anew"))

      assert.deepStrictEqual(ended, [["greet", "at last", 1, 0]])
      assert.deepStrictEqual(again, [])
      assert.deepStrictEqual(yield* countsOf(queue), [["greet", "anew", 0, 1]])
    }))

  it.effect("has jobs that killed their workers, and no others that did not complete", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {}, {})
      const delay = Duration.hours(1)
      yield* run(queue, Settlement.Snoozed({ error: "not yet", delay, holdsLane: false }))
      yield* enqueue(queue, {})
      yield* crash(queue)

      const groups = yield* countsOf(queue)

      assert.deepStrictEqual(groups, [
        ["greet", "the worker died during this job, for the third time", 1, 0]
      ])
    }))

  it.effect("looks back as far as it is told, and 31 days at most", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {})
      yield* run(queue, failed("no"))
      const { at } = yield* failures({ queue })
      const later = new Date(Date.parse(at) + 1)

      const none = yield* failures({ queue, since: later })
      const most = yield* failures({ queue, since: new Date(0) })

      assert.deepStrictEqual([none.groups, none.isComplete], [[], true])
      assert.strictEqual(Date.parse(most.at) - Date.parse(most.since), 31 * 86_400_000)
      assert.strictEqual(most.groups.length, 1)
    }))

  it.effect("answers failures as values of JSON alone", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(queue, {})
      yield* run(queue, failed("no"))

      const found = yield* failures()

      const read = Schema.decodeUnknownSync(FailureGroups)(JSON.parse(JSON.stringify(found)))
      assert.deepStrictEqual(read, found)
    }))
}
