import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Buckets from "../../src/domain/Buckets.ts"
import { bounds } from "../../src/domain/Figures.ts"

/** The number of durations in each bucket, as a worker counts them. */
const counted = (seconds: ReadonlyArray<number>): ReadonlyArray<number> =>
  [...bounds, Infinity].map((high, place) =>
    seconds.filter((one) => one <= high && (place === 0 || one > bounds[place - 1]!)).length
  )

/** The least of these durations that a share `q` of them does not exceed. */
const exact = (seconds: ReadonlyArray<number>, q: number): number =>
  seconds.toSorted((a, b) => a - b).find((one) =>
    seconds.filter((other) => other <= one).length >= q * seconds.length
  )!

const bucketOf = (seconds: number) => {
  const place = bounds.findIndex((bound) => seconds <= bound)
  return place === -1 ? bounds.length : place
}

describe("a quantile of a histogram", () => {
  it("is none of no durations", () => {
    assert.isUndefined(Buckets.quantile([], .5))
    assert.isUndefined(Buckets.quantile(counted([]), .99))
  })

  it("lies as far in its bucket as its rank", () => {
    const four = counted([.6, .7, .8, .9])
    assert.deepStrictEqual([.25, .5, 1].map((q) => Buckets.quantile(four, q)), [.625, .75, 1])
  })

  it("of the longest durations is the least that they can be", () => {
    assert.strictEqual(Buckets.quantile(counted([4000, 5000]), .5), 1800)
  })

  const Duration = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 4000 }))
  const Exponent = Schema.Finite.check(Schema.isBetween({ minimum: -4, maximum: 3.5 }))
  const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

  it.prop(
    "lies in the bucket of the exact quantile",
    { even: Schema.Array(Duration), short: Schema.NonEmptyArray(Exponent), q: Share },
    ({ even, q, short }) => {
      const seconds = [...even, ...short.map((exponent) => 10 ** exponent)]
      const place = bucketOf(exact(seconds, q))
      const found = Buckets.quantile(counted(seconds), q)!
      assert.isAbove(found, (bounds[place - 1] ?? 0) - (place === bounds.length ? 1 : 0))
      assert.isAtMost(found, bounds[place] ?? 1800)
    }
  )

  it.prop(
    "grows with its share",
    { short: Schema.NonEmptyArray(Exponent), shares: Schema.Tuple([Share, Share]) },
    ({ shares, short }) => {
      const buckets = counted(short.map((exponent) => 10 ** exponent))
      const [less, more] = [Math.min(...shares), Math.max(...shares)]
      assert.isAtMost(Buckets.quantile(buckets, less)!, Buckets.quantile(buckets, more)!)
    }
  )
})
