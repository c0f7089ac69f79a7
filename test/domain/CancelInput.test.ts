import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result } from "effect"
import * as CancelInput from "../../src/domain/CancelInput.ts"
import type { Selection } from "../../src/domain/Cancellation.ts"
import type { JobInvalid } from "../../src/domain/Errors.ts"
import { cancel, cancelAll } from "../../src/services/Cancel.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import * as DeafControl from "../support/DeafControl.ts"

/** A value as a caller in JavaScript may give it. */
const loose = <A>(value: unknown): A => JSON.parse(JSON.stringify({ value })).value

const issueOf = (result: Result.Result<unknown, JobInvalid>) =>
  Result.isFailure(result) ? result.failure.message : undefined

describe("one job to cancel", () => {
  it.each(
    [
      [7n, {}, undefined],
      [2n ** 63n - 1n, { reason: "left" }, undefined],
      [7n, { wait: 0 }, 0],
      [7n, { wait: "30 seconds" }, 30_000],
      [7n, { wait: Infinity }, Infinity],
      [7n, { reason: "💬".repeat(1000), wait: undefined }, undefined]
    ] as const
  )("may be %s with %o", (id, options, millis) => {
    const wait = Result.getOrThrow(CancelInput.ofJobs([1n, id], options))
    assert.strictEqual(wait && Duration.toMillis(wait), millis)
  })

  it.each(
    [
      [loose<bigint>(7), {}, "the id 7 is not a bigint of 64 bits"],
      [loose<bigint>("7"), {}, "the id 7 is not a bigint of 64 bits"],
      [2n ** 63n, {}, "the id 9223372036854775808 is not a bigint of 64 bits"],
      [7n, { reason: "" }, "the reason is empty"],
      [7n, { reason: loose<string>(7) }, "the reason is not a text"],
      [7n, { reason: "x".repeat(1001) }, "the reason has 1001 characters; at most 1000 fit"],
      [
        7n,
        { reason: "\0" },
        "the reason contains a NUL character, which PostgreSQL cannot store"
      ],
      [7n, { reason: "\ud800" }, "the reason contains half of a surrogate pair"],
      [7n, { wait: -1 }, "the time to wait is not a duration of 0 or more"],
      [7n, { wait: "-1 second" }, "the time to wait is not a duration of 0 or more"],
      [7n, { wait: NaN }, "the time to wait is not a duration of 0 or more"],
      [7n, { wait: loose<number>("soon") }, "the time to wait is not a duration of 0 or more"]
    ] as const
  )("is not %s with %o", (id, options, issue) => {
    assert.strictEqual(issueOf(CancelInput.ofJobs([1n, id], options)), issue)
  })
})

describe("many jobs to cancel", () => {
  const Tick = { name: "tick", policy: {} }
  it.each(
    [
      [{ queue: "mail" }, "mail", undefined],
      [{ name: "tick", key: undefined }, undefined, "tick"],
      [{ name: Tick, limit: 1 }, undefined, "tick"],
      [{ key: "k", states: ["waiting", "running"] }, undefined, undefined]
    ] as const
  )("may be %o", (selection, queue, name) => {
    const filter = Result.getOrThrow(CancelInput.ofMany(selection, { reason: "left" }))
    assert.deepStrictEqual([filter.queue, filter.name], [queue, name])
  })

  it.each(
    [
      [{}, "name a queue, a name or a key: pgq does not cancel every job there is"],
      [
        { states: ["waiting"], limit: 1 },
        "name a queue, a name or a key: pgq does not cancel every job there is"
      ],
      [{ queue: "" }, "the queue's name is empty"],
      [{ queue: "x".repeat(64) }, "the queue's name has 64 bytes; at most 63 fit"],
      [{ name: 7 }, "the job's name is not a text"],
      [{ name: null }, "the job's name is not a text"],
      [{ key: "\0" }, "the key contains a NUL character, which PostgreSQL cannot store"],
      [{ key: "k", limit: 0 }, "the limit is not a whole number of 1 or more"],
      [{ key: "k", limit: 1.5 }, "the limit is not a whole number of 1 or more"],
      [{ key: "k", limit: "1" }, "the limit is not a whole number of 1 or more"],
      [{ key: "k", states: [] }, "the states are not a list of waiting, running or both"],
      [{ key: "k", states: ["ready"] }, "the states are not a list of waiting, running or both"],
      [{ key: "k", states: "waiting" }, "the states are not a list of waiting, running or both"]
    ] as const
  )("are not %o", (selection, issue) => {
    assert.strictEqual(issueOf(CancelInput.ofMany(loose<Selection>(selection), {})), issue)
  })
})

describe("a mistake", () => {
  it.effect("sends nothing", () =>
    Effect.gen(function*() {
      const mistakes = [
        Effect.asVoid(cancel(7n, { wait: -1 })),
        Effect.asVoid(cancelAll({ queue: "mail" }, { reason: "" })),
        Effect.asVoid(cancelAll(loose<Selection>({})))
      ]

      for (const mistake of mistakes) {
        const error = yield* Effect.flip(
          Effect.provideService(mistake, JobControl, DeafControl.control)
        )
        assert.strictEqual(error._tag, "JobInvalid")
      }
    }))
})

describe("many jobs", () => {
  it.effect("are cancelled step by step, up to the limit", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      const control = JobControl.of({
        ...DeafControl.control,
        cancelSome: (filter, { after, reason }) => {
          asked.push([filter.limit, after, reason])
          return Effect.succeed({ cancelled: 2, stopping: 1, held: 1, last: after + 10n })
        }
      })

      const counts = yield* cancelAll({ queue: "mail", limit: 6 }, { reason: "left" }).pipe(
        Effect.provideService(JobControl, control)
      )

      const lowest = -(2n ** 63n)
      assert.deepStrictEqual(asked, [[6, lowest, "left"], [3, lowest + 10n, "left"]])
      assert.deepStrictEqual(counts, { cancelled: 4, stopping: 2, held: 2 })
    }))
})
