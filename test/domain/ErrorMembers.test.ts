/**
 * The errors of a kind, and the values that are none of them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Option, Schema } from "effect"
import * as ErrorMembers from "../../src/domain/ErrorMembers.ts"

const copy = () => {
  class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
    retryAfter: Schema.Duration,
    path: Schema.optionalKey(Schema.String)
  }) {}
  return RateLimited
}

const RateLimited = copy()
const Copy = copy()
class Newer extends Schema.TaggedError<Newer>()("RateLimited", { retryAt: Schema.Finite }) {}

const tagsOf = (schema: Schema.Top) => ErrorMembers.of(schema).map(({ tag }) => tag)
const matches = (schema: Schema.Top, value: unknown) =>
  ErrorMembers.of(schema).some((member) => member.matches(value))

const retryAfter = Duration.seconds(1)

describe("the errors of a kind", () => {
  it("are the members of a union, of whatever depth", () => {
    const Refused = Schema.TaggedStruct("Refused", {})
    assert.deepStrictEqual(
      tagsOf(Schema.Union([RateLimited, Schema.Union([Refused, Schema.String])])),
      ["RateLimited", "Refused", undefined]
    )
    assert.deepStrictEqual(tagsOf(RateLimited.annotate({ title: "Limited" })), ["RateLimited"])
    assert.deepStrictEqual(tagsOf(Schema.Struct({ _tag: Schema.Finite })), [undefined])
  })

  it("are matched by their tag and fields, whichever class made them", () => {
    assert.isTrue(matches(RateLimited, new RateLimited({ retryAfter })))
    assert.isTrue(matches(RateLimited, new Copy({ retryAfter, path: "/" })))
    assert.isTrue(matches(RateLimited, { _tag: "RateLimited", retryAfter, more: 1 }))
    assert.isTrue(matches(
      RateLimited,
      Object.assign(new Error("limited"), { _tag: "RateLimited", retryAfter })
    ))
  })

  it.each([
    ["of a class with other fields", new Newer({ retryAt: 1 })],
    ["without its fields", { _tag: "RateLimited" }],
    ["with a field of another type", { _tag: "RateLimited", retryAfter: 1 }],
    ["of another tag", { _tag: "Limited", retryAfter }],
    ["without a tag", { retryAfter }],
    ["that is a text", "RateLimited"],
    ["that is nothing", undefined],
    ["whose tag throws", Object.defineProperty({}, "_tag", { get: () => JSON.parse("{") })]
  ])("are not a value %s", (_, value) => {
    assert.isFalse(matches(RateLimited, value))
  })

  it("are matched by their types, not by the form that is stored", () => {
    const Refused = Schema.TaggedStruct("Refused", { why: Schema.OptionFromNullOr(Schema.String) })

    assert.isTrue(matches(Refused, { _tag: "Refused", why: Option.none() }))
    assert.isFalse(matches(Refused, { _tag: "Refused", why: null }))
  })
})
