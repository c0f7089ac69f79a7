/**
 * Kinds that no worker takes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Option, Schedule, Schema } from "effect"
import { kindsIssue } from "../../src/domain/JobKind.ts"
import * as OnError from "../../src/domain/OnError.ts"
import * as Job from "../../src/layers/job/Job.ts"

class BankDown extends Schema.TaggedError<BankDown>()("BankDown", {}) {}
class Again extends Schema.TaggedError<Again>()("BankDown", { code: Schema.Finite }) {}

const Alert = Job.make("alert", { payload: Job.FailedJob })

const issueOf = (kind: unknown) => kindsIssue([kind])

/** The reason why no worker takes a kind with these options, as JavaScript may give them. */
const refusal = (options: object) => issueOf(Job.make("charge", options))

const withRule = (rule: unknown) => refusal({ error: BankDown, onError: { BankDown: rule } })

const wrong: ReadonlyArray<readonly [what: string, options: object, issue: string]> = [
  [
    "two errors with one tag",
    { error: Schema.Union([BankDown, Again]), onError: { BankDown: OnError.fail } },
    "two of its errors have the _tag \"BankDown\""
  ],
  [
    "an error without a tag",
    {
      error: Schema.Union([BankDown, Schema.Struct({ code: Schema.Finite })]),
      onError: { BankDown: OnError.fail }
    },
    "one of its errors has no _tag of one text"
  ],
  ["no schema", { error: "BankDown", onError: {} }, "its error is not a schema"],
  [
    "an error without a rule",
    { error: BankDown },
    "onError has no case for its error \"BankDown\""
  ],
  [
    "a rule without an error",
    { error: BankDown, onError: { BankDown: OnError.fail, Bankdown: OnError.fail } },
    "onError has a case for \"Bankdown\", which is none of its errors"
  ],
  [
    "rules without errors",
    { onError: { BankDown: OnError.fail } },
    "onError is given without an error"
  ],
  [
    "a transaction without a time",
    { transactional: {} },
    "its transactional timeout is not a duration that is more than 0 and at most a day"
  ],
  [
    "a transaction of no time",
    { transactional: { timeout: 0 } },
    "its transactional timeout is not a duration that is more than 0 and at most a day"
  ],
  [
    "a transaction of two days",
    { transactional: { timeout: "2 days" } },
    "its transactional timeout is not a duration that is more than 0 and at most a day"
  ],
  [
    "two times",
    { transactional: { timeout: "1 second" }, timeout: "1 second" },
    "it has a timeout and a transactional one; give the latter"
  ],
  ["a rule that is none", { onDefect: "retry" }, "onDefect is neither an OnError nor a function"],
  ["an answer that is none", { onTimeout: () => OnError.fail }, "onTimeout is no OnError"],
  [
    "a backoff that is none",
    { onTimeout: { _tag: "Retry", backoff: "1 second" } },
    "the backoff of onTimeout is no Schedule and no function"
  ],
  [
    "half an attempt",
    { onDefect: OnError.retry({ maxAttempts: 0.5 }) },
    "the maxAttempts of onDefect is not a whole number of at least 1"
  ],
  [
    "a delay that is none",
    { onDefect: { _tag: "Snooze", delay: "soon" } },
    "the delay of onDefect is not a duration"
  ],
  ...[0, -1, NaN, Infinity, "soon", null, Duration.infinity].map((timeout) =>
    [
      `the timeout ${String(timeout)}`,
      { timeout },
      "its timeout is not a duration that is more than 0 and ends"
    ] as const
  ),
  ...[NaN, Infinity, "soon", null, Duration.infinity].map((expiresIn) =>
    [
      `the expiresIn ${String(expiresIn)}`,
      { expiresIn },
      "its expiresIn is not a duration from 0 to 36500 days"
    ] as const
  ),
  ...[
    ["alert", "its onFailed is not a kind of job"],
    [null, "its onFailed is not a kind of job"],
    [Job.make(String()), "the name of its onFailed is empty"],
    [
      Job.make("alert", { payload: Job.FailedJob, onFailed: Alert }),
      "its onFailed, \"alert\", has an onFailed of its own"
    ],
    [
      Job.make("alert", { payload: Job.FailedJob, unique: {} }),
      "its onFailed, \"alert\", is unique, which no report can be"
    ],
    [
      Job.make("alert", { payload: Job.FailedJob, expiresIn: -1 }),
      "the expiresIn of its onFailed is not a duration from 0 to 36500 days"
    ]
  ].map(([onFailed, issue], nth) =>
    [`the wrong onFailed ${nth}`, { onFailed }, `${issue}`] as const
  ),
  ...[0, -1, NaN, 1.5, Infinity, "3"].map((maxSnoozes) =>
    [
      `maxSnoozes of ${String(maxSnoozes)}`,
      { maxSnoozes },
      "its maxSnoozes is not a whole number of at least 1"
    ] as const
  )
]

describe("a kind", () => {
  it.each(wrong)("with %s is refused by name", (_, options, issue) => {
    assert.strictEqual(refusal(options), `the kind "charge" cannot work: ${issue}`)
  })

  it("names the rule that is wrong", () => {
    assert.include(withRule(7), "onError.BankDown is neither an OnError nor a function")
    assert.include(
      withRule({ _tag: "Retry", backoff: 7 }),
      "the backoff of onError.BankDown is no Schedule and no function"
    )
  })

  it("with rules that fit is taken", () => {
    const errors = Schema.Union([
      BankDown,
      Schema.Union([
        Schema.TaggedStruct("Declined", { code: Schema.Finite }),
        Schema.TaggedStruct("Refused", { why: Schema.OptionFromNullOr(Schema.String) })
      ])
    ])
    const kind = Job.make("charge", {
      error: errors,
      onError: {
        BankDown: OnError.retry({ backoff: Schedule.forever, maxAttempts: 1, lane: "yield" }),
        Declined: ({ code }) => OnError.snooze(code),
        Refused: ({ why }) => Option.isNone(why) ? OnError.fail : OnError.cancel
      },
      onDefect: OnError.snooze(Infinity),
      timeout: "1 milli",
      maxSnoozes: 1
    })

    assert.isUndefined(issueOf(kind))
    assert.deepStrictEqual(kind.policy.timeout, Duration.millis(1))
  })
})
