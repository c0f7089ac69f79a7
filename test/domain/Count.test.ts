/**
 * Counts as people read them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Count from "../../src/domain/Count.ts"

describe("a count", () => {
  it.each(
    [
      [Count.exact(0), "0"],
      [Count.exact(999), "999"],
      [Count.exact(1204), "1,204"],
      [Count.exact(1_234_567), "1,234,567"],
      [Count.capped(10_001, 10_000), "10,000+"],
      [Count.capped(10_000, 10_000), "10,000"],
      [{ value: 1_204_000, precision: "estimate" }, "≈ 1.2 M"],
      [{ value: 999_800, precision: "estimate" }, "≈ 1.0 M"],
      [{ value: 12_345, precision: "estimate" }, "≈ 12.3 k"],
      [{ value: 314_000, precision: "estimate" }, "≈ 314 k"],
      [{ value: 17, precision: "estimate" }, "≈ 17"]
    ] as const
  )("%o is printed as %s", (count, text) => {
    assert.strictEqual(Count.text(count), text)
  })

  it("is as precise in a sum as its least precise part", () => {
    const more = Count.capped(11, 10)
    assert.deepStrictEqual(Count.sum([]), Count.exact(0))
    assert.deepStrictEqual(Count.sum([Count.exact(2), Count.exact(3)]), Count.exact(5))
    assert.deepStrictEqual(Count.sum([Count.exact(2), more]), { value: 12, precision: "atLeast" })
    assert.strictEqual(
      Count.sum([more, { value: 1, precision: "estimate" }]).precision,
      "estimate"
    )
  })
})
