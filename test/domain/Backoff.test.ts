import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as Backoff from "../../src/domain/Backoff.ts"

const failures = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 }))
const millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400_000 }))
const random = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999_999 }))

describe("Backoff", () => {
  it.prop(
    "never waits longer than the cap, nor less than nothing",
    { base: millis, cap: millis, failures, random },
    ({ base, cap, failures, random }) => {
      const delay = Duration.toMillis(Backoff.fullJitter({ base, cap, failures, random }))

      assert.isAtLeast(delay, 0)
      assert.isAtMost(delay, cap)
    }
  )

  it.prop(
    "may wait longer after each further failure, never less",
    { base: millis, cap: millis, failures, random },
    ({ base, cap, failures, random }) => {
      const delay = Backoff.fullJitter({ base, cap, failures, random })
      const later = Backoff.fullJitter({ base, cap, failures: failures + 1, random })

      assert.isAtLeast(Duration.toMillis(later), Duration.toMillis(delay))
    }
  )

  it.prop(
    "waits for a whole number of milliseconds",
    { base: millis, cap: millis, failures, random },
    ({ base, cap, failures, random }) => {
      const delay = Duration.toMillis(Backoff.fullJitter({ base, cap, failures, random }))

      assert.isTrue(Number.isSafeInteger(delay))
    }
  )

  it("doubles from the base, and spreads over the whole of it", () => {
    const delays = [1, 2, 3, 4].map((failures) =>
      Duration.toSeconds(
        Backoff.fullJitter({ base: "2 seconds", cap: "1 hour", failures, random: 0.5 })
      )
    )

    assert.deepStrictEqual(delays, [1, 2, 4, 8])
  })

  it("of a loop doubles up to the cap", () => {
    const growth = { base: "1 second", cap: "10 seconds" } as const
    const waits = [1, 2, 3, 4, 5, 2_147_483_647].map((failures) =>
      Duration.toSeconds(Backoff.doubling(growth, failures))
    )

    assert.deepStrictEqual(waits, [1, 2, 4, 8, 10, 10])
  })
})
