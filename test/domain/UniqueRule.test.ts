/**
 * The rule by which the jobs of a kind are unique, and the keys that it makes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Result, Schema } from "effect"
import * as UniqueKey from "../../src/domain/UniqueKey.ts"
import * as UniqueRule from "../../src/domain/UniqueRule.ts"
import * as Job from "../../src/layers/job/Job.ts"

const payload = Schema.Struct({ a: Schema.String, b: Schema.Finite })

const wishOf = (options: UniqueRule.Options, given: unknown, key?: string) =>
  Result.merge(Result.mapError(
    UniqueRule.wishOf(UniqueRule.make(options)!, given, key),
    ({ issue }) => issue
  ))

describe("the rule of a kind", () => {
  it("says how its jobs are told apart, and that none are where it says nothing", () => {
    const hour = Duration.hours(1)
    const second = Duration.seconds(1)
    assert.strictEqual(Job.make("a", { payload }).unique, undefined)
    assert.deepStrictEqual(wishOf({ unique: {} }, 1), {
      mode: "keep",
      within: undefined,
      isScoped: false,
      key: []
    })
    assert.deepStrictEqual(
      wishOf({ unique: { by: "a", scope: "queue", mode: "replace", within: "1 hour" } }, 1),
      { mode: "replace", within: hour, isScoped: true, key: ["a"] }
    )
    assert.deepStrictEqual(
      wishOf({ debounce: { by: ["a", "b"], wait: "1 second", maxWait: "1 hour" } }, 1),
      { mode: "debounce", wait: second, maxWait: hour, isScoped: false, key: ["a", "b"] }
    )
    assert.deepStrictEqual(
      wishOf({ throttle: { by: String, every: "1 hour", trailing: true } }, 7),
      { mode: "trail", within: hour, isScoped: false, key: "7" }
    )
    assert.deepInclude(wishOf({ throttle: { every: "1 hour" } }, 1), { mode: "keep" })
    assert.deepInclude(wishOf({ unique: { while: "queued" } }, 1), { mode: "keep-queued" })
    assert.deepInclude(wishOf({ unique: { by: "a" } }, 1, "mine"), { key: "mine" })
  })

  const mistakes: ReadonlyArray<readonly [UniqueRule.Options, string | undefined, RegExp]> = [
    [{ unique: {}, debounce: {} }, undefined, /exclude each other/],
    [{ unique: { within: 0 } }, undefined, /not a duration of more than 0/],
    [{ unique: { within: "soon" } }, undefined, /not a duration of more than 0/],
    [{ throttle: {} }, undefined, /not a duration of more than 0/],
    [{ debounce: { wait: "1 hour", maxWait: "1 second" } }, undefined, /at most maxWait/],
    [{ debounce: { wait: "1 hour" } }, undefined, /at most maxWait/],
    [{ unique: { by: () => 7 } }, undefined, /is not a text/],
    [{ unique: { by: () => JSON.parse("{") } }, undefined, /the unique key: it cannot be read/],
    [{ unique: { by: () => "" } }, undefined, /is empty/],
    [{ unique: {} }, "é".repeat(2049), /has 4098 bytes; at most 4096 fit/],
    [{ unique: {} }, "a\0b", /NUL/]
  ]
  for (const [options, key, issue] of mistakes) {
    it(`is refused: ${issue.source}, ${JSON.stringify(options)}`, () => {
      assert.match(String(wishOf(options, {}, key)), issue)
    })
  }
})

describe("the key of a payload", () => {
  it("is its JSON as the database writes it", () => {
    const texts = {
      "{\"b\":1e21,\"a\":-1.5e-7,\"aa\":[true,null,\"\\u0001\"]}":
        "{\"a\": -0.00000015, \"b\": 1000000000000000000000, \"aa\": [true, null, \"\\u0001\"]}",
      "{\"é\":1,\"zz\":-0,\"z\":{}}": "{\"z\": {}, \"zz\": 0, \"é\": 1}"
    }
    for (const [json, text] of Object.entries(texts)) {
      assert.strictEqual(UniqueKey.text(JSON.parse(json)), text)
    }
  })
})
