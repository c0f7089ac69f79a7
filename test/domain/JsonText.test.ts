import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as JsonText from "../../src/domain/JsonText.ts"

describe("JsonText", () => {
  it.each<[string, ReadonlyArray<JsonText.Member>]>([
    ["{}", []],
    [" { \"a\" : 12345678901234567890 } ", [{ name: "a", value: "12345678901234567890" }]],
    [
      "{\"a\":{\"b\":[1.10,{\"c\":\",}\"}]},\"d\":1e400}",
      [{ name: "a", value: "{\"b\":[1.10,{\"c\":\",}\"}]}" }, { name: "d", value: "1e400" }]
    ],
    [
      "{\"\\u0061\\\"\":\"\\\\\",\"b\":\"\\\"}:\"}",
      [{ name: "a\"", value: "\"\\\\\"" }, { name: "b", value: "\"\\\"}:\"" }]
    ],
    ["{\"a\":1,\"a\":-0}", [{ name: "a", value: "1" }, { name: "a", value: "-0" }]]
  ])("finds the members of %s as they were written", (json, expected) => {
    assert.deepStrictEqual(JsonText.members(json), expected)
  })

  it.each<[string, ReadonlyArray<string>]>([
    ["[]", []],
    [" [ 1.10 , {\"a\":[1,2]},\",]\" ] ", ["1.10", "{\"a\":[1,2]}", "\",]\""]]
  ])("finds the elements of %s as they were written", (json, expected) => {
    assert.deepStrictEqual(JsonText.elements(json), expected)
  })

  it("finds the names at any depth, and their values", () => {
    const json = "[{\"a\\\"\" : {\"\\u0062\":\"c\"}},\"d:\",{\"e\":[]}]"

    assert.deepStrictEqual(
      JsonText.names(json).map(({ name, value }) => [name, json[value]]),
      [["a\"", "{"], ["b", "\""], ["e", "["]]
    )
  })

  it.prop(
    "finds of any object what JSON.parse finds",
    { object: Schema.Record(Schema.String, Schema.Json), indent: Schema.Literals([0, 2]) },
    ({ indent, object }) => {
      const json = JSON.stringify(object, undefined, indent)
      const found = JsonText.members(json).map(({ name, value }) => [name, JSON.parse(value)])

      assert.deepStrictEqual(Object.fromEntries(found), JSON.parse(json))
    }
  )
})
