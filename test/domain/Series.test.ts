import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Series from "../../src/domain/Series.ts"

const filter = (options: Partial<Series.SeriesFilter> = {}): Series.SeriesFilter => ({
  of: "finished",
  from: new Date("2026-03-01T10:00:30Z"),
  to: new Date("2026-03-01T10:02:30Z"),
  step: "1 minute",
  ...options
})

const asked = (options?: Partial<Series.SeriesFilter>) =>
  Result.getOrThrow(Series.asked(filter(options)))

describe("a series", () => {
  it("begins and ends on whole steps", () => {
    const { t } = Series.of(asked(), [])
    assert.deepStrictEqual(t, [
      "2026-03-01T10:00:00.000Z",
      "2026-03-01T10:01:00.000Z",
      "2026-03-01T10:02:00.000Z"
    ])
    const hours = Series.of(asked({ step: "1 hour" }), [])
    assert.deepStrictEqual(hours.t, ["2026-03-01T10:00:00.000Z"])
  })

  it("has a value at each time: what is not known is none, but of runs", () => {
    const at = Date.parse("2026-03-01T10:01:00Z")
    const ends = Series.of(asked(), [{ at, numbers: [7, 1] }]).series
    assert.deepStrictEqual(ends[0], { label: "completed", values: [0, 7, 0] })
    assert.deepStrictEqual(ends[1], { label: "failed", values: [0, 1, 0] })
    const depth = Series.of(asked({ of: "depth" }), [{ at, numbers: [3, 0, 2, 0, 0] }]).series
    assert.deepStrictEqual(depth[0], { label: "ready", values: [null, 3, null] })
    const wait = Series.of(asked({ of: "wait" }), [{ at, numbers: [10] }]).series
    assert.deepStrictEqual(wait.map(({ label, values }) => [label, values[1]]), [
      ["p50", .0005],
      ["p95", .001],
      ["p99", .001]
    ])
    assert.deepStrictEqual(wait[0]?.values[0], null)
  })

  it("of each name has one value at each time, and the most runs come first", () => {
    const at = Date.parse("2026-03-01T10:01:00Z")
    const points = [
      { at, numbers: [1, 1], label: "few" },
      { at: at + 60_000, numbers: [3, 4], label: "many" }
    ]
    assert.deepStrictEqual(Series.of(asked({ by: "name" }), points).series, [
      { label: "many", values: [0, 0, 7] },
      { label: "few", values: [0, 2, 0] }
    ])
    const waits = Series.of(asked({ of: "wait", by: "name" }), [{ at, numbers: [10], label: "a" }])
    assert.deepStrictEqual(waits.series, [{ label: "a", values: [null, .00095 + .00005, null] }])
  })

  it("is plain JSON", () => {
    const series = Series.of(asked({ of: "run" }), [])
    assert.deepStrictEqual(JSON.parse(JSON.stringify(series)), series)
  })

  for (
    const [what, options] of Object.entries(
      {
        "of parts of a minute": { step: "90 seconds" },
        "of parts of an hour": { step: "90 minutes" },
        "of no time": { step: 0 },
        "that ends before it begins": { to: new Date("2026-03-01T10:00:30Z") },
        "without a beginning": { from: new Date(NaN) },
        "of the depth by queues": { of: "depth", by: "queue" },
        "of the depth of a name": { of: "depth", name: "send-email" },
        "of more than a thousand points": { to: new Date("2026-03-02T10:00:30Z") }
      } satisfies Record<string, Partial<Series.SeriesFilter>>
    )
  ) {
    it(`${what} is refused`, () => {
      assert.isTrue(Result.isFailure(Series.asked(filter(options))))
    })
  }
})
