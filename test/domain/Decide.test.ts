/**
 * Each run's settlement.
 */
// Handlers of applications may fail with plain errors.
// @effect-diagnostics globalErrorInEffectFailure:off
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Schedule, Schema } from "effect"
import { decide, type EndedRun } from "../../src/domain/Decide.ts"
import * as Delay from "../../src/domain/Delay.ts"
import * as ErrorText from "../../src/domain/ErrorText.ts"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import * as OnError from "../../src/domain/OnError.ts"
import type { Settlement } from "../../src/domain/Settlement.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as Decisions from "./Decisions.ts"
import { broken, policyOf, runOf } from "./EndedRuns.ts"

/** Of an error, only the first line: the others are its place in the code. */
const shortened = (settlement: Settlement): Settlement =>
  "error" in settlement
    ? { ...settlement, error: ErrorText.summary(settlement.error) }
    : settlement

const errorOf = (run: EndedRun): string => {
  const settlement = decide(run)
  return "error" in settlement ? settlement.error : ""
}

const failing = { exit: Exit.fail(broken) }

/** The settlement of a run under this rule, and the mistakes of the rule that the worker hears. */
const heard = (rule: OnError.Rule): ReadonlyArray<string> => {
  const defects: Array<string> = []
  const { _tag } = decide(runOf({
    ...failing,
    policy: policyOf(rule),
    onRuleFailed: (defect) => defects.push(String(defect))
  }))
  return [_tag, ...defects]
}

const throwing = () => {
  throw new TypeError("a mistake")
}

describe("a run", () => {
  it.each(Decisions.all)("that $end; $rule", ({ run, settlement }) => {
    assert.deepStrictEqual(shortened(decide(run)), settlement)
  })

  it("whose finalizer dies has failed with its error nevertheless", () => {
    const exit = Effect.runSyncExit(Effect.ensuring(Effect.fail(broken), Effect.die("finalizer")))
    assert.isFalse(Exit.isFailure(exit) && Cause.hasFails(exit.cause))

    assert.strictEqual(decide(runOf({ exit, policy: policyOf(OnError.cancel) }))._tag, "Cancelled")
  })

  it("falls under the rule of an error that is no instance of its class", () => {
    const exit = Exit.fail({ _tag: "BankDown", message: "no answer" })

    assert.strictEqual(decide(runOf({ exit, policy: policyOf(OnError.cancel) }))._tag, "Cancelled")
  })

  it("leaves an error without its fields if these cannot be stored", () => {
    for (const message of ["a\0b", "half \ud800", "x".repeat(10_000)]) {
      const exit = Exit.fail({ _tag: "BankDown", message })
      const settlement = decide(runOf({ exit, policy: policyOf(OnError.fail) }))

      assert.strictEqual(settlement._tag, "Failed")
      assert.notProperty(settlement, "failure")
    }
  })

  it("falls under the rule of its failure before that of a defect", () => {
    const exit = Exit.failCause(Cause.combine(Cause.die(broken), Cause.fail("other")))
    const steering = Exit.failCause(
      Cause.combine(
        Cause.die(new Job.Fail({ message: "no" })),
        Cause.fail(new Job.Cancel({ reason: "left" }))
      )
    )

    assert.strictEqual(decide(runOf({ exit, policy: policyOf(OnError.cancel) }))._tag, "Cancelled")
    assert.strictEqual(decide(runOf({ exit: steering }))._tag, "Cancelled")
  })

  it("may be snoozed a thousand times, and has its attempts left", () => {
    let stored = LaneJob.added({ id: 1n, key: "k", priority: 0, dueAt: 0 }, 0)
    for (let snoozeCount = 0; snoozeCount < 1000; snoozeCount++) {
      const settlement = decide(runOf({
        ...failing,
        policy: policyOf(OnError.snooze(1)),
        job: { snoozeCount, attempt: stored.failures + 1, maxAttempts: 1 }
      }))
      assert.strictEqual(settlement._tag, "Snoozed")
      stored = LaneJob.settled(LaneJob.leased(stored), settlement, 0) ?? stored
    }

    assert.strictEqual(stored.failures, 0)
  })

  it("is retried by a rule that fails, and the worker hears of it", () => {
    assert.deepStrictEqual(heard(throwing), ["Retried", "TypeError: a mistake"])
    assert.deepStrictEqual(heard(OnError.retry({ backoff: throwing })), [
      "Retried",
      "TypeError: a mistake"
    ])
    assert.deepStrictEqual(heard(() => JSON.parse("7")), [
      "Retried",
      "a rule answered with something that is no OnError"
    ])
    assert.deepStrictEqual(heard(OnError.retry({ backoff: () => JSON.parse("\"soon\"") })), [
      "Retried",
      "a backoff answered with something that is no duration"
    ])
    assert.deepStrictEqual(heard(OnError.snooze(JSON.parse("\"soon\""))), [
      "Retried",
      "a snooze has a delay that is no duration"
    ])
    assert.deepStrictEqual(heard(OnError.fail), ["Failed"])
  })

  it.each([
    ["fails with", Exit.fail(revoked())],
    ["dies of", Exit.die(revoked())]
  ])("that %s what cannot be looked at is retried", (_, exit) => {
    for (const policy of [policyOf(OnError.fail), runOf({}).policy]) {
      const run = runOf({ exit, policy })

      assert.strictEqual(decide(run)._tag, "Retried")
      assert.isNotEmpty(errorOf(run))
    }
  })

  it("has an error that PostgreSQL can store", () => {
    const exit = Exit.fail(`NUL \0 half ${"\ud800"}`)
    const last = runOf({
      exit: Exit.fail(new Job.Snooze({ delay: 1 })),
      policy: Job.make("charge", { maxSnoozes: 1 }).policy,
      job: { snoozeCount: 1 }
    })

    assert.isTrue(errorOf(runOf({ exit })).isWellFormed())
    assert.notInclude(errorOf(runOf({ exit })), "\0")
    assert.isAtMost(Buffer.byteLength(errorOf(last)), ErrorText.errorBytesMax)
  })
})

const delays = [0, -1, NaN, Infinity, -Infinity, Number.MAX_VALUE, 0.5, 1e9]

/** Rules with a delay, and rules without one. */
const rules: Readonly<Record<string, (delay: number) => OnError.Rule>> = {
  jitter: () => OnError.retry(),
  backoff: (delay) => OnError.retry({ backoff: () => delay }),
  schedule: (delay) => OnError.retry({ backoff: Schedule.spaced(delay) }),
  throws: () => () => JSON.parse("not JSON"),
  snooze: (delay) => OnError.snooze(delay),
  cancel: () => OnError.cancel,
  complete: () => OnError.complete,
  fail: () => OnError.fail
}

const exits: Readonly<Record<string, Exit.Exit<unknown, unknown>>> = {
  success: Exit.void,
  declared: Exit.fail(broken),
  defect: Exit.die(new Error("boom")),
  interruption: Exit.failCause(Cause.interrupt(1))
}

const Given = {
  exit: Schema.Literals(Object.keys(exits)),
  rule: Schema.Literals(Object.keys(rules)),
  interruption: Schema.UndefinedOr(
    Schema.Literals(["stopping", "cancelled", "timedOut", "paused", "lost"])
  ),
  delay: Schema.Literals(delays.map((_, index) => String(index))),
  attempt: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2000 })),
  maxAttempts: Schema.UndefinedOr(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3000 }))
  ),
  snoozeCount: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 })),
  random: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999 }))
}

describe("any run", () => {
  it.prop(
    "is completed if it succeeds, fails by no snooze, release or cancel, and waits within bounds",
    Given,
    ({ attempt, delay, exit, interruption, maxAttempts, random, rule, snoozeCount }) => {
      const answer = rules[rule]!(delays[Number(delay)]!)
      const policy = policyOf(answer, {
        onDefect: answer,
        onTimeout: typeof answer === "function" ? OnError.retry() : answer,
        backoffCap: delays[Number(delay)]!
      })
      const settlement = decide(runOf({
        policy,
        exit: exits[exit]!,
        interruption,
        random: () => random,
        job: { attempt, maxAttempts, snoozeCount }
      }))

      if (exit === "success") return assert.strictEqual(settlement._tag, "Completed")
      if (interruption !== undefined && ["stopping", "paused", "lost"].includes(interruption)) {
        assert.strictEqual(settlement._tag, "Released")
      } else if (interruption === "cancelled") assert.strictEqual(settlement._tag, "Cancelled")
      else if (rule === "snooze") assert.strictEqual(settlement._tag, "Snoozed")
      else if (rule === "cancel") assert.strictEqual(settlement._tag, "Cancelled")
      else if (rule === "complete") assert.strictEqual(settlement._tag, "Completed")
      else if (rule === "fail") assert.strictEqual(settlement._tag, "Failed")
      else assert.strictEqual(settlement._tag, attempt < (maxAttempts ?? 25) ? "Retried" : "Failed")

      if ("delay" in settlement) {
        assert.isAtLeast(Duration.toMillis(settlement.delay), 0)
        assert.isAtMost(Duration.toMillis(settlement.delay), Duration.toMillis(Delay.max))
      }
    },
    { arbitrary: { runs: 1000 } }
  )
})

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
