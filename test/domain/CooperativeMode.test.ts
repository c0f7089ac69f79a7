import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { CooperativeMode, format, parseAdvisoryKey } from "../../src/domain/CooperativeMode.ts"

describe("CooperativeMode", () => {
  it.each(
    [
      ["42", 42n],
      [" 42 ", 42n],
      ["-1", -1n],
      ["0", 0n],
      ["9223372036854775807", 9_223_372_036_854_775_807n],
      ["-9223372036854775808", -9_223_372_036_854_775_808n]
    ] as const
  )("reads \"%s\" as one bigint", (text, key) => {
    assert.deepStrictEqual(parseAdvisoryKey(text), Result.succeed(key))
  })

  it.each(
    [
      ["7,9", [7, 9]],
      [" 7 , -9 ", [7, -9]],
      ["2147483647,-2147483648", [2_147_483_647, -2_147_483_648]]
    ] as const
  )("reads \"%s\" as two integers", (text, key) => {
    assert.deepStrictEqual(parseAdvisoryKey(text), Result.succeed(key))
  })

  it.each([
    "",
    " ",
    "x",
    "4.2",
    "1e3",
    "0x10",
    "+7",
    "- 7",
    "1,",
    ",1",
    "1,2,3",
    "1 2",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "2147483648,0",
    "0,-2147483649"
  ])("refuses \"%s\"", (text) => {
    const parsed = parseAdvisoryKey(text)

    assert.isTrue(Result.isFailure(parsed))
    if (Result.isFailure(parsed)) assert.include(parsed.failure.message, `"${text}"`)
  })

  const int = Schema.Int.check(Schema.isInt32())
  it.prop("reads the keys it writes", { first: int, second: int }, ({ first, second }) => {
    for (const key of [BigInt(first), [first, second]] as const) {
      const text = format(CooperativeMode.Advisory({ key }))

      assert.deepStrictEqual(parseAdvisoryKey(text.replace("advisory ", "")), Result.succeed(key))
    }
  })
})
