import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { mayMakeReady, Settlement, unknownName } from "../../src/domain/Settlement.ts"
import { runOf } from "./EndedRuns.ts"

describe("Settlement", () => {
  it("makes an unhandled job later each time, up to ten minutes", () => {
    const delays = [0, 1, 2, 5, 1000].map((unhandledCount) => {
      const settlement = unknownName(runOf({ job: { unhandledCount } }).job)
      return settlement._tag === "Unhandled" && Duration.toSeconds(settlement.delay)
    })

    assert.deepStrictEqual(delays, [30, 60, 120, 600, 600])
  })

  it.each([
    [undefined, Settlement.Completed(), false],
    ["k", Settlement.Completed(), true],
    [undefined, Settlement.Released(), true],
    ["k", Settlement.Cancelled({ error: "left" }), true]
  ])("of a job with key %s may make a job ready: %s", (key, settlement, isSo) => {
    assert.strictEqual(mayMakeReady({ key, settlement }), isSo)
  })
})
