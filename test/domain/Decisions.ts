/**
 * A table of what becomes of a job after a run, in words and in values. `Decide.test.ts` runs it.
 */
// Handlers of applications may fail with plain errors.
// @effect-diagnostics globalErrorInEffectFailure:off
import { Cause, Duration, Exit, Schedule } from "effect"
import type { EndedRun } from "../../src/domain/Decide.ts"
import { PayloadInvalid } from "../../src/domain/Errors.ts"
import * as OnError from "../../src/domain/OnError.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as Job from "../../src/layers/job/Job.ts"
import {
  broken,
  CardDeclined,
  type Given,
  OtherBankDown,
  policy,
  policyOf,
  runOf
} from "./EndedRuns.ts"

/** One row. The words are for the documentation. */
export interface Decision {
  /** How the run ended, and of which job. */
  readonly end: string
  /** The rule that applies. */
  readonly rule: string
  /** Where the settlement has an error, only its first line. */
  readonly settlement: Settlement
  readonly run: EndedRun
}

const row = (
  end: string,
  rule: string,
  settlement: Settlement,
  given: Given
): Decision => ({ end, rule, settlement, run: runOf(given) })

const retried = (error: string, delay: Duration.Input = 500, holdsLane = true) =>
  Settlement.Retried({ error, delay: Duration.fromInputUnsafe(delay), holdsLane })

const snoozed = (error: string, delay: Duration.Input, holdsLane = true) =>
  Settlement.Snoozed({ error, delay: Duration.fromInputUnsafe(delay), holdsLane })

const failed = (error: string, blocksLane = false) => Settlement.Failed({ error, blocksLane })

/** Failed by a declared error, whose fields are kept. */
const failedBy = (error: string, blocksLane = false) =>
  Settlement.Failed({
    error,
    failure: "{\"_tag\":\"BankDown\",\"message\":\"no answer\"}",
    blocksLane
  })

const boom = Exit.fail(new Error("boom"))
const cut = Exit.failCause(Cause.interrupt(1))

const ofInterruptions: ReadonlyArray<Decision> = [
  row("succeeds", "none", Settlement.Completed(), { exit: Exit.void }),
  row("succeeds although its worker stops", "success wins", Settlement.Completed(), {
    exit: Exit.void,
    interruption: "stopping"
  }),
  row("succeeds although it was cancelled", "success wins", Settlement.Completed(), {
    exit: Exit.void,
    interruption: "cancelled"
  }),
  row("succeeds although its time is up", "success wins", Settlement.Completed(), {
    exit: Exit.void,
    interruption: "timedOut"
  }),
  row("is interrupted because its worker stops", "none", Settlement.Released(), {
    exit: cut,
    interruption: "stopping"
  }),
  row("is interrupted because its worker has lost it", "none", Settlement.Released(), {
    exit: cut,
    interruption: "lost"
  }),
  row(
    "is interrupted because it was cancelled",
    "none",
    Settlement.Cancelled({ error: "the job was cancelled" }),
    { exit: cut, interruption: "cancelled" }
  ),
  row("fails after its worker was asked to stop", "any", Settlement.Released(), {
    exit: Exit.fail(broken),
    interruption: "stopping",
    policy: policyOf(OnError.fail)
  }),
  row("is interrupted at its timeout", "no onTimeout", retried("timed out after 30 s"), {
    exit: cut,
    interruption: "timedOut"
  }),
  row("is interrupted at its timeout", "onTimeout: fail", failed("timed out after 30 s"), {
    exit: cut,
    interruption: "timedOut",
    policy: policy({ onTimeout: OnError.fail })
  }),
  row(
    "fails after its timeout",
    "onTimeout: snooze",
    snoozed("timed out after 0.5 s", "1 hour"),
    {
      exit: Exit.fail(broken),
      interruption: "timedOut",
      ranFor: 500,
      policy: policyOf(OnError.fail, { onTimeout: OnError.snooze("1 hour") })
    }
  )
]

const ofAttempts: ReadonlyArray<Decision> = [
  row("fails", "none: full jitter", retried("Error: boom"), { exit: boom }),
  row("fails for the third time", "none: full jitter", retried("Error: boom", 2000), {
    exit: boom,
    job: { attempt: 3 }
  }),
  row("dies", "none", retried("Error: boom"), { exit: Exit.die(new Error("boom")) }),
  row(
    "interrupts itself",
    "none",
    retried("InterruptError: All fibers interrupted without error {"),
    {
      exit: cut
    }
  ),
  row("fails", "onRetry: yield", retried("Error: boom", 500, false), {
    exit: boom,
    policy: policy({ onRetry: "yield" })
  }),
  row("fails at the last attempt of its kind", "none", failed("Error: boom"), {
    exit: boom,
    policy: policy({ maxAttempts: 3 }),
    job: { attempt: 3 }
  }),
  row(
    "fails at the last attempt of its kind, which is not its own last",
    "none",
    retried("Error: boom", 2000),
    {
      exit: boom,
      policy: policy({ maxAttempts: 3 }),
      job: { attempt: 3, maxAttempts: 4 }
    }
  ),
  row("fails at its own last attempt", "none", failed("Error: boom"), {
    exit: boom,
    job: { maxAttempts: 1 }
  }),
  row("fails at its own last attempt", "onFail: block", failed("Error: boom", true), {
    exit: boom,
    policy: policy({ onFail: "block" }),
    job: { maxAttempts: 1 }
  }),
  row("fails at its own last attempt, and has no key", "onFail: block", failed("Error: boom"), {
    exit: boom,
    policy: policy({ onFail: "block" }),
    job: { maxAttempts: 1, key: undefined }
  }),
  row(
    "has a payload that does not decode",
    "any",
    failed("charge: the payload does not fit \"charge\": no"),
    {
      exit: Exit.fail(new PayloadInvalid({ name: "charge", issue: "no" })),
      policy: policyOf(OnError.retry(), { onDefect: OnError.complete })
    }
  ),
  row(
    "has added a job with a wrong payload",
    "none",
    retried("greet: the payload does not fit \"greet\": no"),
    { exit: Exit.fail(new PayloadInvalid({ name: "greet", issue: "no" })) }
  )
]

const failing = { exit: Exit.fail(broken) }
const down = "BankDown: no answer"

const ofErrors: ReadonlyArray<Decision> = [
  row("fails with an error of its kind", "fail", failedBy(down), {
    ...failing,
    policy: policyOf(OnError.fail)
  }),
  row("fails with an error of its kind", "fail, onFail: block", failedBy(down, true), {
    ...failing,
    policy: policyOf(OnError.fail, { onFail: "block" })
  }),
  row("fails with an error of its kind", "cancel", Settlement.Cancelled({ error: down }), {
    ...failing,
    policy: policyOf(OnError.cancel)
  }),
  row("fails with an error of its kind", "complete", Settlement.Completed(), {
    ...failing,
    policy: policyOf(OnError.complete)
  }),
  row("fails with an error of its kind", "a function of it", Settlement.Completed(), {
    exit: Exit.fail(new CardDeclined({ code: 1 })),
    policy: policyOf(OnError.fail)
  }),
  row(
    "fails with an error of its kind",
    "a function of it",
    Settlement.Cancelled({ error: "CardDeclined: code -1" }),
    { exit: Exit.fail(new CardDeclined({ code: -1 })), policy: policyOf(OnError.fail) }
  ),
  row("dies of an error of its kind", "fail", failedBy(down), {
    exit: Exit.die(broken),
    policy: policyOf(OnError.fail)
  }),
  row("fails with an error of a copy of its kind", "fail", failedBy(down), {
    exit: Exit.fail(new OtherBankDown({ message: "no answer" })),
    policy: policyOf(OnError.fail)
  }),
  row("rejects with an object like an error of its kind", "complete", Settlement.Completed(), {
    exit: Exit.fail({ _tag: "BankDown", message: "no answer" }),
    policy: policyOf(OnError.complete)
  }),
  row(
    "rejects with the tag of an error of its kind alone",
    "complete, onDefect: fail",
    failed("Error: {\"_tag\":\"BankDown\"}"),
    {
      exit: Exit.fail({ _tag: "BankDown" }),
      policy: policyOf(OnError.complete, { onDefect: OnError.fail })
    }
  ),
  row("rejects with another error", "no onDefect", retried("Error: boom"), {
    exit: boom,
    policy: policyOf(OnError.fail)
  }),
  row("rejects with another error", "onDefect: fail", failed("Error: boom"), {
    exit: boom,
    policy: policyOf(OnError.complete, { onDefect: OnError.fail })
  }),
  row("fails with an error of its kind", "a function that throws", retried(down), {
    ...failing,
    policy: policyOf(() => {
      throw new Error("a mistake")
    })
  }),
  row("fails with an error of its kind", "a function without an answer", retried(down), {
    ...failing,
    policy: policyOf(() => JSON.parse("{\"_tag\": \"Fall\"}"))
  })
]

const ofDelays: ReadonlyArray<Decision> = [
  row("fails", "retry with a function", retried(down, "6 seconds"), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: (failures) => Duration.seconds(3 * failures) })),
    job: { attempt: 2 }
  }),
  row("fails", "retry with a schedule", retried(down, "4 seconds", false), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: Schedule.exponential("1 second"), lane: "yield" })),
    job: { attempt: 3 }
  }),
  row("fails", "retry with a schedule of two delays", retried(down, "1 minute"), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: twice() })),
    job: { attempt: 2 }
  }),
  row("fails", "retry with a schedule that has ended", failedBy(down), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: twice() })),
    job: { attempt: 3, maxAttempts: 100 }
  }),
  row("fails", "retry, with the last attempt of the rule", failedBy(down), {
    ...failing,
    policy: policyOf(OnError.retry({ maxAttempts: 2 })),
    job: { attempt: 2 }
  }),
  row(
    "fails, and not at its own last attempt",
    "retry, with the last attempt of the rule",
    retried(down, 1000),
    {
      ...failing,
      policy: policyOf(OnError.retry({ maxAttempts: 2 })),
      job: { attempt: 2, maxAttempts: 3 }
    }
  ),
  row("fails", "retry with a backoff that throws", retried(down), {
    ...failing,
    policy: policyOf(OnError.retry({
      backoff: () => {
        throw new Error("a mistake")
      }
    }))
  }),
  row("fails", "retry after less than nothing", retried(down, 0), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: () => -1 }))
  }),
  row("fails", "retry after no number", retried(down, 0), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: () => NaN }))
  }),
  row("fails", "retry after an endless time", retried(down, Duration.days(3650)), {
    ...failing,
    policy: policyOf(OnError.retry({ backoff: Schedule.spaced(Duration.infinity) }))
  })
]

const ofSnoozes: ReadonlyArray<Decision> = [
  row("comes too early at its last attempt", "snooze", snoozed(down, "5 minutes"), {
    ...failing,
    policy: policyOf(OnError.snooze("5 minutes")),
    job: { attempt: 1, maxAttempts: 1 }
  }),
  row("comes too early", "snooze, lane: yield", snoozed(down, "5 minutes", false), {
    ...failing,
    policy: policyOf(() => OnError.snooze("5 minutes", { lane: "yield" }))
  }),
  row("comes too early", "snooze for an endless time", snoozed(down, Duration.days(3650)), {
    ...failing,
    policy: policyOf(OnError.snooze(Duration.infinity))
  }),
  row("comes too early for the third time", "snooze, maxSnoozes: 3", snoozed(down, 1), {
    ...failing,
    policy: policyOf(OnError.snooze(1), { maxSnoozes: 3 }),
    job: { snoozeCount: 2 }
  }),
  row(
    "comes too early for the fourth time",
    "snooze, maxSnoozes: 3",
    failedBy(`snoozed 3 times: ${down}`),
    {
      ...failing,
      policy: policyOf(OnError.snooze(1), { maxSnoozes: 3 }),
      job: { snoozeCount: 3 }
    }
  ),
  row("comes too early", "a function with a delay that is none", retried(down), {
    ...failing,
    policy: policyOf(() => JSON.parse("{\"_tag\": \"Snooze\", \"delay\": \"soon\"}"))
  })
]

const ofSteering: ReadonlyArray<Decision> = [
  row(
    "rejects with a Snooze",
    "no error",
    snoozed("pgq/Snooze: snoozed for 5m", "5 minutes"),
    { exit: Exit.fail(new Job.Snooze({ delay: "5 minutes" })) }
  ),
  row("rejects with a Fail", "no error", failed("pgq/Fail: no"), {
    exit: Exit.fail(new Job.Fail({ message: "no" }))
  }),
  row(
    "rejects with a Cancel",
    "no error",
    Settlement.Cancelled({ error: "pgq/Cancel: left" }),
    { exit: Exit.fail(new Job.Cancel({ reason: "left" })) }
  ),
  row(
    "dies of the Cancel of a copy of pgq",
    "no error",
    Settlement.Cancelled({ error: "Error: {\"_tag\":\"pgq/Cancel\",\"reason\":\"left\"}" }),
    { exit: Exit.die({ _tag: "pgq/Cancel", reason: "left" }) }
  ),
  row("rejects with a Fail", "the errors of its kind", retried("pgq/Fail: no"), {
    exit: Exit.fail(new Job.Fail({ message: "no" })),
    policy: policyOf(OnError.fail)
  })
]

function twice() {
  return Schedule.spaced("1 minute").pipe(Schedule.upTo({ times: 2 }))
}

export const all: ReadonlyArray<Decision> = [
  ...ofInterruptions,
  ...ofAttempts,
  ...ofErrors,
  ...ofDelays,
  ...ofSnoozes,
  ...ofSteering
]
