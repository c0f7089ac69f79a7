import { assert, describe, it } from "@effect/vitest"
import { Duration, Result, Schema } from "effect"
import {
  type EnqueueOptions,
  keyBytesMax,
  nameBytesMax,
  newJob,
  payloadBytesMax,
  queueBytesMax
} from "../../src/domain/JobRecord.ts"

describe("newJob", () => {
  it("fills in what is not given", () => {
    assert.deepStrictEqual(
      newJob("greet", "{}"),
      Result.succeed({
        queue: "default",
        name: "greet",
        payload: "{}",
        key: undefined,
        priority: 0,
        runAt: undefined,
        delay: undefined,
        maxAttempts: undefined,
        expiresAt: undefined,
        expiresIn: undefined
      })
    )
  })

  it.each([
    ["name", issueOf({ name: "a\0b" }), "NUL"],
    ["queue", issueOf({ queue: "a\0b" }), "NUL"],
    ["key", issueOf({ key: "a\0b" }), "NUL"],
    ["name", issueOf({ name: "a\ud800" }), "surrogate"],
    ["queue", issueOf({ queue: "\udc00a" }), "surrogate"],
    ["key", issueOf({ key: "\udc00\ud800" }), "surrogate"],
    ["name", issueOf({ name: "" }), "empty"],
    ["queue", issueOf({ queue: "" }), "empty"],
    ["key", issueOf({ key: "" }), "empty"]
  ])("refuses a %s that PostgreSQL would not take: %s", (what, issue, why) => {
    assert.include(issue, what)
    assert.include(issue, why)
  })

  it("measures names, queues and keys in bytes", () => {
    assert.isUndefined(issueOf({ name: "n".repeat(nameBytesMax) }))
    assert.isUndefined(issueOf({ queue: "q".repeat(queueBytesMax) }))
    assert.isUndefined(issueOf({ key: "k".repeat(keyBytesMax) }))
    assert.include(issueOf({ name: "é".repeat(nameBytesMax / 2 + 1) }), "130 bytes; at most 128")
    assert.include(issueOf({ queue: "q".repeat(queueBytesMax + 1) }), "64 bytes; at most 63")
    assert.include(issueOf({ key: "🎉".repeat(keyBytesMax / 4 + 1) }), "516 bytes; at most 512")
  })

  it("measures payloads in bytes", () => {
    assert.isUndefined(issueOf({ payload: JSON.stringify("x".repeat(payloadBytesMax - 2)) }))
    assert.include(
      issueOf({ payload: JSON.stringify("é".repeat(payloadBytesMax / 2)) }),
      "1048578 bytes; at most 1048576"
    )
  })

  it.each([
    ["NUL", "\0"],
    ["a high half", "\ud83c"],
    ["a low half", "\udf89"],
    ["halves in the wrong order", "\udf89\ud83c"],
    ["NUL after a backslash", "\\\0"],
    ["a half after two backslashes", "\\\\\ud800"],
    ["NUL after what looks like an escape", "\\u0041\0"]
  ])("refuses a payload with %s", (_, text) => {
    for (const value of [text, `x${text}y`, { [text]: 1 }, ["\\", text]]) {
      assert.include(issueOf({ payload: JSON.stringify(value) }), "payload")
    }
  })

  it.each([
    ["text that looks like NUL escaped", "\\u0000"],
    ["text that looks like a half escaped", "\\ud800 \\\\udc00"],
    ["backslashes", "\\ \\\\ \\\\\\ \\u"],
    ["whole characters beyond the first plane", "🎉 𝒳"],
    ["control characters", "\u0001\u001f\u007f\n"]
  ])("takes a payload with %s", (_, text) => {
    for (const value of [text, `x${text}y`, { [text]: 1 }, ["\\", text]]) {
      assert.isUndefined(issueOf({ payload: JSON.stringify(value) }))
    }
  })

  // The JSON writers of other languages may escape every character beyond ASCII.
  it.each([
    [String.raw`"\ud83c\udf89"`, true],
    [String.raw`"\uD83C\uDF89 \u00e9"`, true],
    [String.raw`"\\\ud83c\udf89"`, true],
    [String.raw`"\ud83c\ud83c\udf89"`, false],
    [String.raw`"\ud83c\udf89\udf89"`, false],
    [String.raw`"\ud83c\\udf89"`, false],
    [String.raw`"\\ud83c\udf89"`, false],
    [String.raw`"\ud83c \udf89"`, false],
    [String.raw`"\uDF89"`, false],
    ["\"\ud83c\"", false]
  ])("of the JSON text %s, answers that it can be stored: %s", (payload, isStorable) => {
    assert.strictEqual(issueOf({ payload }) === undefined, isStorable)
  })

  it.prop("takes what is well-formed and without NUL", { text: Schema.String }, ({ text }) => {
    const isStorable = text.isWellFormed() && !text.includes("\0")

    assert.strictEqual(issueOf({ payload: JSON.stringify({ text }) }) === undefined, isStorable)
  })

  it("takes whole numbers that fit", () => {
    for (const priority of [-2_147_483_648, -1, 0, 2_147_483_647]) {
      assert.isUndefined(issueOf({ priority }))
    }
    for (const maxAttempts of [1, 2_147_483_647]) assert.isUndefined(issueOf({ maxAttempts }))
  })

  it("refuses other numbers", () => {
    for (const priority of [0.5, NaN, Infinity, 2_147_483_648, -2_147_483_649]) {
      assert.include(issueOf({ priority }), "priority")
    }
    for (const maxAttempts of [0, -1, 1.5, NaN, 2_147_483_648]) {
      assert.include(issueOf({ maxAttempts }), "attempts")
    }
  })

  it("refuses times that never come", () => {
    assert.include(issueOf({ runAt: new Date("nonsense") }), "date")
    assert.include(issueOf({ delay: Duration.infinity }), "delay")
    assert.include(issueOf({ runAt: new Date(0), delay: Duration.zero }), "not both")
    assert.include(issueOf({ runAt: new Date("+020000-01-01T00:00:00Z") }), "era")
    assert.include(issueOf({ runAt: new Date("0000-12-31T23:59:59Z") }), "era")
    for (const days of [36_501, 365e6, 1e300, NaN, Infinity, -1, -Infinity]) {
      assert.include(issueOf({ delay: { days } }), "0 to 36500 days")
    }
    assert.include(issueOf({ delay: NaN }), "0 to 36500 days")
    assert.isUndefined(issueOf({ delay: Duration.days(36_500) }))
    assert.isUndefined(issueOf({ runAt: new Date("9999-12-31T23:59:59Z") }))
    assert.isUndefined(issueOf({ runAt: new Date("0001-01-01T00:00:00Z") }))
    assert.isUndefined(issueOf({ runAt: new Date(0) }))
    assert.isUndefined(issueOf({ delay: Duration.zero }))
  })
})

/** The issue of a job with these options and defaults for all others, if it has one. */
function issueOf(
  options: EnqueueOptions & { readonly name?: string; readonly payload?: string }
): string | undefined {
  const { name = "greet", payload = "{}", ...others } = options
  const job = newJob(name, payload, others)
  return Result.isFailure(job) ? job.failure.message : undefined
}
