// Handlers of applications may fail with plain errors.
// @effect-diagnostics globalErrorInEffectFailure:off
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Exit } from "effect"
import { decide } from "../../src/domain/Decide.ts"
import { PayloadInvalid } from "../../src/domain/Errors.ts"
import { defaults, type RetryPolicy } from "../../src/domain/JobKind.ts"
import type { ClaimedJob } from "../../src/domain/JobRecord.ts"
import { Settlement, unknownName } from "../../src/domain/Settlement.ts"

describe("Settlement", () => {
  it("completes a run that succeeds", () => {
    assert.deepStrictEqual(settlementOf({ exit: Exit.succeed(1) }), Settlement.Completed())
  })

  it("completes a run that succeeds although it was cancelled", () => {
    const settlement = settlementOf({ exit: Exit.void, isCancelled: true })

    assert.deepStrictEqual(settlement, Settlement.Completed())
  })

  it("retries a run that fails, after a jittered wait", () => {
    const settlement = settlementOf({ exit: Exit.fail("boom"), job: { attempt: 3 }, random: 0.5 })

    assert.strictEqual(settlement._tag, "Retried")
    if (settlement._tag !== "Retried") return
    assert.strictEqual(Duration.toMillis(settlement.delay), 2000)
    assert.include(settlement.error, "boom")
  })

  it("retries a run that dies", () => {
    assert.strictEqual(settlementOf({ exit: Exit.die(new Error("boom")) })._tag, "Retried")
  })

  it("retries a run that interrupts itself", () => {
    assert.strictEqual(settlementOf({ exit: Exit.interrupt(1) })._tag, "Retried")
  })

  it.each(
    [
      ["hold", true],
      ["yield", false]
    ] as const
  )("has a retry %s its lane", (onRetry, holdsLane) => {
    const settlement = settlementOf({ exit: Exit.fail("boom"), policy: { onRetry } })

    assert.strictEqual(settlement._tag === "Retried" && settlement.holdsLane, holdsLane)
  })

  it.each([
    ["interrupted", Exit.interrupt(1)],
    ["ended by an error", Exit.fail(new Error("aborted"))],
    ["ended by a defect", Exit.die("boom")],
    ["ended by a bad payload", Exit.fail(badPayload())]
  ])("releases a cancelled run that was %s", (_, exit) => {
    const settlement = settlementOf({ exit, isCancelled: true, job: { attempt: 99 } })

    assert.deepStrictEqual(settlement, Settlement.Released())
  })

  it("fails the last attempt that its kind allows", () => {
    const policy = { maxAttempts: 3 }

    assert.strictEqual(tagOf({ policy, job: { attempt: 2 } }), "Retried")
    assert.strictEqual(tagOf({ policy, job: { attempt: 3 } }), "Failed")
  })

  it("lets the job's own number of attempts go before its kind's", () => {
    const policy = { maxAttempts: 3 }

    assert.strictEqual(tagOf({ policy, job: { attempt: 3, maxAttempts: 4 } }), "Retried")
    assert.strictEqual(tagOf({ policy, job: { attempt: 1, maxAttempts: 1 } }), "Failed")
  })

  it("fails a job whose payload does not decode: it cannot improve", () => {
    assert.strictEqual(settlementOf({ exit: Exit.fail(badPayload()) })._tag, "Failed")
  })

  it.each(
    [
      ["k", "block", true],
      ["k", "continue", false],
      [undefined, "block", false]
    ] as const
  )("of a job with key %s whose kind says %s, blocks: %s", (key, onFail, blocksLane) => {
    const settlement = settlementOf({
      exit: Exit.fail("boom"),
      policy: { onFail },
      job: { key, maxAttempts: 1 }
    })

    assert.strictEqual(settlement._tag === "Failed" && settlement.blocksLane, blocksLane)
  })

  it.each([
    ["fails with", Exit.fail(revoked())],
    ["dies of", Exit.die(revoked())]
  ])("retries a run that %s what cannot be looked at", (_, exit) => {
    const settlement = settlementOf({ exit })

    assert.isTrue(settlement._tag === "Retried" && settlement.error !== "")
  })

  it("keeps an error that PostgreSQL can store", () => {
    const settlement = settlementOf({ exit: Exit.fail(`NUL \0 half ${"\ud800"}`) })

    assert.isTrue(settlement._tag === "Retried" && settlement.error.isWellFormed())
    assert.isFalse(settlement._tag === "Retried" && settlement.error.includes("\0"))
  })

  it("makes an unhandled job later each time, up to ten minutes", () => {
    const delays = [0, 1, 2, 5, 1000].map((unhandledCount) => {
      const settlement = unknownName({ ...claimed, unhandledCount })
      return settlement._tag === "Unhandled" && Duration.toSeconds(settlement.delay)
    })

    assert.deepStrictEqual(delays, [30, 60, 120, 600, 600])
  })
})

const claimed: ClaimedJob = {
  id: 1n,
  queue: "default",
  lease: "2f1ce9f4-3b0c-4a86-9f4e-0a2f1c9b7f11",
  name: "greet",
  payload: "{}",
  key: "k",
  priority: 0,
  attempt: 1,
  maxAttempts: undefined,
  unhandledCount: 0,
  snoozeCount: 0,
  isSuspect: false
}

const settlementOf = (run: {
  readonly exit: Exit.Exit<unknown, unknown>
  readonly job?: Partial<ClaimedJob>
  readonly policy?: Partial<RetryPolicy>
  readonly isCancelled?: boolean
  readonly random?: number
}): Settlement =>
  decide({
    job: { ...claimed, ...run.job },
    policy: { ...defaults, ...run.policy },
    exit: run.exit,
    interruption: run.isCancelled === true ? "stopping" : undefined,
    ranFor: Duration.seconds(30),
    random: () => run.random ?? 0
  })

const tagOf = (run: {
  readonly job: Partial<ClaimedJob>
  readonly policy: Partial<RetryPolicy>
}): Settlement["_tag"] => settlementOf({ exit: Exit.failCause(Cause.fail("boom")), ...run })._tag

function badPayload() {
  return new PayloadInvalid({ name: "greet", issue: "expected a string" })
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
