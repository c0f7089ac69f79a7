/**
 * Errors that differ in ids, numbers and quoted names have one fingerprint.
 */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Fingerprint from "../../src/domain/Fingerprint.ts"

const pieces = Schema.Array(Schema.Literals([
  ..."ab 17'\"`.,:-/…eé\n🎉\ud800".split(""),
  "0x1F",
  "c0ffee1",
  "it's",
  "'a b'",
  "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
]))

describe("a fingerprint", () => {
  it.each([
    ["Error: connect ECONNREFUSED 127.0.0.1:5432\n    at x", "Error: connect ECONNREFUSED …"],
    ["job 7 of 2026-11-28T06:58:23.5Z took -1.5e-7s", "job … of …T…Z took …s"],
    ["no user \"ada\" in 'a \"b\" c', can't go on", "no user \"…\" in '…', can't go on"],
    ["3F2504E0-4f89-41d3-9a0c-0305e82c3301 at 0xDEADbeef", "… at …"],
    ["'a \"it's\" x'", "'…'"],
    ["commit c0ffee12 is defaced", "commit … is defaced"],
    ["  \r\nsecond line", ""],
    ["", ""]
  ])("%j has %j", (text, fingerprint) => {
    assert.strictEqual(Fingerprint.of(text), fingerprint)
  })

  it.prop("is its own fingerprint, short and of one line", { pieces }, ({ pieces }) => {
    const fingerprint = Fingerprint.of(pieces.join(""))

    assert.strictEqual(Fingerprint.of(fingerprint), fingerprint)
    assert.isAtMost(fingerprint.length, Fingerprint.lengthMax)
    assert.isTrue(fingerprint.isWellFormed())
    assert.notMatch(fingerprint, /[\d\n]/)
  })

  it.prop(
    "is that of the same error with other numbers",
    { numbers: Schema.Array(Schema.Finite), others: Schema.Array(Schema.Finite) },
    ({ numbers, others }) => {
      const textOf = (from: ReadonlyArray<number>) =>
        numbers.slice(0, 20).map((_, n) => `row (${from[n] ?? n}) of key '${from[n] ?? n}'`).join()

      assert.strictEqual(Fingerprint.of(textOf(numbers)), Fingerprint.of(textOf(others)))
    }
  )

  it("is at most 200 characters of a line that has a megabyte", () => {
    const fingerprint = Fingerprint.of("no luck ".repeat(131_072))

    assert.strictEqual(fingerprint.length, 199)
    assert.isTrue(fingerprint.startsWith("no luck no luck"))
  })
})
