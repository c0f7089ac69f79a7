/**
 * The sentences with which a pause is refused that cannot be meant.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { JobInvalid } from "../../src/domain/Errors.ts"
import * as PauseInput from "../../src/domain/PauseInput.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as MemorySchema from "../../src/layers/memory/MemorySchema.ts"
import * as Queues from "../../src/services/Queues.ts"

/** A value as a caller in JavaScript may give it. */
const loose = <A>(value: unknown): A => JSON.parse(JSON.stringify({ value })).value

const issueOf = (result: Result.Result<unknown, JobInvalid>) =>
  Result.isFailure(result) ? result.failure.message : undefined

const Tick = Job.make("tick")

describe("the target of a pause", () => {
  it("is a queue, a name in it, or a name everywhere", () => {
    const targets = ["mail", { queue: "mail" }, { queue: "mail", name: "a" }, { name: Tick }, "*"]
    assert.deepStrictEqual(
      targets.map((target) => Result.getOrThrow(PauseInput.ofTarget(target))),
      [
        { queue: "mail", name: undefined },
        { queue: "mail", name: undefined },
        { queue: "mail", name: "a" },
        { queue: "*", name: "tick" },
        { queue: "*", name: undefined }
      ]
    )
  })

  it.each([
    [{}, "name a queue or a name: a pause of every job there is has the queue \"*\""],
    ["", "the queue's name is empty"],
    [7, "the queue's name is not a text"],
    ["q".repeat(64), "the queue's name has 64 bytes; at most 63 fit"],
    [{ name: "" }, "the job's name is empty"],
    [{ name: 7 }, "the job's name is not a text"]
  ])("%j is refused", (target, issue) => {
    assert.strictEqual(issueOf(PauseInput.ofTarget(loose(target))), issue)
  })
})

describe("the terms of a pause", () => {
  it("may give one end", () => {
    const until = new Date()
    assert.deepStrictEqual(Result.getOrThrow(PauseInput.ofTerms({ until })).end, { at: until })
    const { end } = Result.getOrThrow(PauseInput.ofTerms({ for: "1 minute" }))
    assert.deepStrictEqual(end, { in: 60_000 })
  })

  const noTime = "the time of the pause is not a duration of up to 36500 days"
  it.each(
    [
      [{ reason: "" }, "the reason is empty"],
      [{ for: 1, until: new Date() }, "a pause ends at a time or after a time, not both"],
      [{ until: new Date(NaN) }, "the end of the pause is not a date of this era"],
      [{ for: 0 }, noTime],
      [{ for: NaN }, noTime],
      [{ for: "36501 days" }, noTime]
    ] as const
  )("%o are refused", (terms, issue) => {
    assert.strictEqual(issueOf(PauseInput.ofTerms(terms)), issue)
  })
})

it.effect("nothing is paused by a mistake", () =>
  Effect.gen(function*() {
    const refused = yield* Effect.flip(Queues.pause("mail", { for: "0 seconds" }))
    assert.strictEqual(refused._tag, "JobInvalid")
    assert.deepStrictEqual(yield* Queues.paused, [])
  }).pipe(Effect.provide(MemorySchema.layer)))
