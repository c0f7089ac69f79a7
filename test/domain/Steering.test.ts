/**
 * Errors that say what becomes of their job.
 */
import { assert, describe, it } from "@effect/vitest"
import * as OnError from "../../src/domain/OnError.ts"
import * as Steering from "../../src/domain/Steering.ts"

describe("an error that steers", () => {
  it.each([
    [new Steering.Snooze({ delay: "5 minutes" }), OnError.snooze("5 minutes"), "snoozed for 5m"],
    [new Steering.Fail({ message: "no" }), OnError.fail, "no"],
    [new Steering.Cancel({ reason: "left" }), OnError.cancel, "left"]
  ])("is $name", (error, answer, message) => {
    assert.deepStrictEqual(Steering.answerOf(error), answer)
    assert.deepStrictEqual(Steering.answerOf({ ...error, message }), answer)
    assert.strictEqual(error.message, message)
  })

  it.each([
    { _tag: "pgq/Snooze" },
    { _tag: "pgq/Snooze", delay: "soon" },
    { _tag: "pgq/Fail" },
    { _tag: "pgq/Fail", message: 1 },
    { _tag: "pgq/Cancel" },
    { _tag: "pgq/Cancel", reason: null },
    { _tag: "Cancel", reason: "left" },
    new Error("pgq/Cancel"),
    "pgq/Cancel",
    undefined
  ])("is not %j", (error) => {
    assert.isUndefined(Steering.answerOf(error))
  })

  it("is not made with a delay that is no duration", () => {
    assert.throws(() => new Steering.Snooze(JSON.parse("{\"delay\": \"soon\"}")))
  })
})
