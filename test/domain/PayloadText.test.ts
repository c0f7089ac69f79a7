import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as PayloadText from "../../src/domain/PayloadText.ts"
import * as DeepJson from "../support/DeepJson.ts"

const refuse = (): never => {
  throw new Error("no")
}

describe("PayloadText", () => {
  it.each([
    [{ a: [1, "b"] }, "{\"a\":[1,\"b\"]}"],
    [undefined, "null"],
    [Infinity, "null"]
  ])("writes %o as JSON", (value, text) => {
    assert.deepStrictEqual(PayloadText.make(value), Result.succeed(text))
  })

  it.each<[string, unknown, string]>([
    ...(DeepJson.isWritten
      ? []
      : [["is too deep", DeepJson.value, "it is nested too deeply"] as [string, unknown, string]]),
    [
      "has a getter that throws",
      Object.defineProperty({}, "a", { get: refuse, enumerable: true }),
      "it cannot be read: Error: no"
    ],
    ["is a proxy that refuses", new Proxy({}, { ownKeys: refuse }), "it cannot be read: Error: no"]
  ])("says why there is no JSON of what %s", (_, value, issue) => {
    assert.deepStrictEqual(PayloadText.make(value), Result.fail(issue))
  })

  it("says so even of an error that refuses to be looked at", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()

    assert.include(PayloadText.issueOf(proxy), "cannot be described")
  })

  it.each([
    ["1e400", true],
    ["{\"a\": [1, -1e400]}", true],
    ["[1e308, \"1e400\", null]", false]
  ])("knows that %s has a number beyond a double: %s", (json, expected) => {
    assert.strictEqual(PayloadText.hasInfinite(JSON.parse(json)), expected)
  })

  it("looks for such a number at any depth", () => {
    assert.isFalse(PayloadText.hasInfinite(DeepJson.value))
  })
})
