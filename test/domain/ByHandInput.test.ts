import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { FinishedSelection } from "../../src/domain/ByHand.ts"
import * as ByHandInput from "../../src/domain/ByHandInput.ts"
import type { JobInvalid } from "../../src/domain/Errors.ts"
import * as Job from "../../src/layers/job/Job.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import * as DeafControl from "../support/DeafControl.ts"

/** A value as a caller in JavaScript may give it. */
const loose = <A>(value: unknown): A => JSON.parse(JSON.stringify({ value })).value

const issueOf = (result: Result.Result<unknown, JobInvalid>) =>
  Result.isFailure(result) ? result.failure.message : undefined

const Tick = Job.make("tick")

describe("single jobs", () => {
  it("have ids of 64 bits", () => {
    assert.isUndefined(issueOf(ByHandInput.ofJobs([1n, 2n ** 63n - 1n])))
    assert.strictEqual(
      issueOf(ByHandInput.ofJobs([1n, 2n ** 63n])),
      "the id 9223372036854775808 is not a bigint of 64 bits"
    )
    assert.strictEqual(
      issueOf(ByHandInput.ofJobs(loose([7]))),
      "the id 7 is not a bigint of 64 bits"
    )
    assert.strictEqual(issueOf(ByHandInput.ofJobs(loose("7"))), "the ids are not a list")
  })
})

describe("finished jobs", () => {
  const none = "name a queue, a name, an outcome, a time or a part of the error: " +
    "pgq does not try every job again"
  const noOutcome = "the outcome is not failed, crashed, cancelled, expired or discarded"

  it.each(
    [
      [{}, none],
      [{ queue: "" }, "the queue's name is empty"],
      [{ name: "a\0" }, "the job's name contains a NUL character, which PostgreSQL cannot store"],
      [{ queue: 7 }, "the queue's name is not a text"],
      [{ errorLike: "" }, "the part of the error is empty"],
      [{ outcome: "completed" }, noOutcome],
      [{ outcome: 7 }, noOutcome],
      [{ since: "yesterday" }, "the time is not a date of this era"]
    ] as const
  )("are not %o", (selection, issue) => {
    assert.strictEqual(issueOf(ByHandInput.ofMany(loose<FinishedSelection>(selection), {})), issue)
  })

  it("are named by a kind, too, and are at least one", () => {
    const since = new Date(0)
    assert.deepStrictEqual(Result.getOrThrow(ByHandInput.ofMany({ name: Tick, since }, {})), {
      name: "tick",
      since,
      queue: undefined,
      outcome: undefined,
      errorLike: undefined
    })
    assert.strictEqual(
      issueOf(ByHandInput.ofMany({ since: new Date(NaN) }, {})),
      "the time is not a date of this era"
    )
    assert.strictEqual(
      issueOf(ByHandInput.ofMany({ name: "a" }, { limit: 0 })),
      "the limit is not a whole number of 1 or more"
    )
  })

  it("get new values that a new job may have, too", () => {
    const values = { maxAttempts: 3, priority: -1 }
    assert.deepStrictEqual(Result.getOrThrow(ByHandInput.ofRetryEdit(values)), values)
    assert.match(issueOf(ByHandInput.ofRetryEdit({ maxAttempts: 0 }))!, /number of attempts/)
    assert.match(issueOf(ByHandInput.ofRetryEdit({ priority: 0.5 }))!, /priority/)
  })

  it("come at a rate of whole numbers in a time", () => {
    const rates = ["100/s", "30/min", "9/h", "1000000/s", undefined] as const
    assert.deepStrictEqual(
      rates.map((rate) => Result.getOrThrow(ByHandInput.ofRate(rate))),
      [100, 0.5, 0.0025, 1_000_000, undefined]
    )
    for (
      const rate of [
        "0/s",
        "-1/s",
        "1.5/s",
        "1000001/s",
        "NaN/s",
        "/s",
        "5",
        "5/d",
        "5/ s",
        5,
        null
      ]
    ) {
      assert.strictEqual(
        issueOf(ByHandInput.ofRate(rate)),
        "the rate is not a whole number from 1 to 1000000 with /s, /min or /h, such as 100/s"
      )
    }
  })

  it.effect("go on at their rate from step to step", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      const edits: Array<number | undefined> = []
      const next = new Date(0)
      const control = JobControl.of({
        ...DeafControl.control,
        retrySome: (_, { after, edit, spread }) => {
          edits.push(edit?.maxAttempts)
          asked.push(spread)
          const last = asked.length < 2 ? after + 10n : undefined
          return Effect.succeed({ redriven: 3, conflicts: 0, held: 1, last, next })
        }
      })
      yield* Job.retryAll({ queue: "mail" }, { rate: "120/min", edit: { maxAttempts: 3 } }).pipe(
        Effect.provideService(JobControl, control)
      )
      assert.deepStrictEqual(edits, [3, 3])
      assert.deepStrictEqual(asked, [{ perSecond: 2 }, { perSecond: 2, from: next }])
    }))

  it.effect("are queued step by step, up to the limit", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      const control = JobControl.of({
        ...DeafControl.control,
        retrySome: (_, { after, limit }) => {
          asked.push([after, limit])
          return Effect.succeed({ redriven: 3, conflicts: 0, held: 1, last: after + 10n })
        }
      })

      const counts = yield* Job.retryAll({ queue: "mail" }, { limit: 6 }).pipe(
        Effect.provideService(JobControl, control)
      )

      const lowest = -(2n ** 63n)
      assert.deepStrictEqual(asked, [[lowest, 6], [lowest + 10n, 3]])
      assert.deepStrictEqual(counts, { redriven: 6, conflicts: 0, held: 2 })
    }))
})

describe("the changes of a job", () => {
  it("are checked as those of a new job", () => {
    const at = new Date(0)
    const change = {
      priority: undefined,
      payload: undefined,
      maxAttempts: undefined,
      start: undefined,
      expiry: undefined
    }
    assert.deepStrictEqual(
      [
        ByHandInput.ofEdit(7n, { runAt: at }),
        ByHandInput.ofEdit(7n, { delay: "2 seconds" }),
        ByHandInput.ofEdit(7n, { delay: 0, priority: 3 }),
        ByHandInput.ofEdit(7n, { expiresAt: at }),
        ByHandInput.ofEdit(7n, { expiresIn: "2 seconds" })
      ].map(Result.getOrThrow),
      [
        { ...change, start: { at } },
        { ...change, start: { in: 2000 } },
        { ...change, priority: 3, start: { in: 0 } },
        { ...change, expiry: { at } },
        { ...change, expiry: { in: 2000 } }
      ]
    )
    const issues = [
      {},
      { priority: 0.5 },
      { maxAttempts: 0 },
      { delay: -1 },
      { delay: 1, runAt: at },
      { runAt: new Date(NaN) },
      { expiresIn: Infinity },
      { expiresIn: 1, expiresAt: at },
      { expiresAt: new Date(NaN) }
    ].map((changes) => issueOf(ByHandInput.ofEdit(7n, changes)))
    assert.deepStrictEqual(issues, [
      "nothing of the job is to be changed",
      "the priority must be a whole number from -2147483648 to 2147483647",
      "the number of attempts must be a whole number from 1 to 2147483647",
      "the delay is not a duration from 0 to 36500 days",
      "give a time to run at or a delay, not both",
      "the time to run at is not a date of this era",
      "the time to expire in is not a duration from 0 to 36500 days",
      "give a time to expire at or a time to expire in, not both",
      "the time to expire at is not a date of this era"
    ])
    assert.match(issueOf(ByHandInput.ofEdit(2n ** 63n, { priority: 1 }))!, /^the id /)
  })
})

describe("a mistake", () => {
  it.effect("sends nothing", () =>
    Effect.gen(function*() {
      const mistakes = [
        Effect.asVoid(Job.retry([2n ** 63n])),
        Effect.asVoid(Job.retryAll({})),
        Effect.asVoid(Job.discard([2n ** 63n])),
        Effect.asVoid(Job.edit(Tick, 7n, {})),
        Effect.asVoid(Job.edit(Tick, 2n ** 63n, () => ({ priority: 1 })))
      ]

      for (const mistake of mistakes) {
        const error = yield* Effect.flip(
          Effect.provideService(mistake, JobControl, DeafControl.control)
        )
        assert.strictEqual(error._tag, "JobInvalid")
      }
    }))
})
