/**
 * The lines of charts, and their sentences, before they are drawn.
 *
 * Tests `dashboard/src/charts/Line.ts` and `words.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Line from "../../dashboard/src/charts/Line.ts"
import * as words from "../../dashboard/src/charts/words.ts"

const t = ["2026-03-01T10:00:00.000Z", "2026-03-01T10:05:00.000Z", "2026-03-01T10:10:00.000Z"]

const linesOf = (values: Readonly<Record<string, ReadonlyArray<number | null>>>) =>
  Line.each({ t, series: Object.entries(values).map(([label, values]) => ({ label, values })) })

const said = ({ lines }: Line.Lines) => lines.map(({ label, values }) => [label, values])

const sentence = (lines: Line.Lines, unit: Line.Unit = "count") =>
  words.sentence({
    title: "Finished per minute",
    period: "the last hour",
    unit,
    lines,
    clock: (seconds) => words.clockOf(new Date(seconds * 1000), "UTC", "time")
  })

describe("the lines of a chart", () => {
  it("are per minute, whatever the step is, and ends that there were none of have none", () => {
    const ends = linesOf({ completed: [0, 0, 0], failed: [10, 0, null], lost: [0, 0, null] })
    assert.deepStrictEqual(said(Line.perMinute(ends, 300)), [
      ["completed", [0, 0, 0]],
      ["failed", [2, 0, null]]
    ])
  })

  it("are those of the first names, and one of all others where they can be added", () => {
    const names = linesOf({ a: [5, 5, 5], b: [3, 3, null], c: [1, 2, null], d: [1, 1, 1] })
    assert.deepStrictEqual(said(Line.first(names, 2, true)), [
      ["a", [5, 5, 5]],
      ["b", [3, 3, null]],
      ["2 others", [2, 3, 1]]
    ])
    assert.lengthOf(Line.first(names, 2, false).lines, 2)
    assert.lengthOf(Line.first(names, 4, true).lines, 4)
  })

  it("are nothing without values, and zeros are nothing only if the chart says so", () => {
    assert.isTrue(Line.isEmpty(linesOf({ p50: [null, null, null] }), false))
    assert.isTrue(Line.isEmpty(linesOf({ completed: [0, 0, 0] }), true))
    assert.isFalse(Line.isEmpty(linesOf({ ready: [0, null, 0] }), false))
    assert.isFalse(Line.isEmpty(linesOf({ completed: [0, 1, 0] }), true))
  })

  it("differ in more than their colours", () => {
    const dashes = Line.dashes.map((dash) => dash.join(" "))
    assert.lengthOf(new Set(dashes), dashes.length)
    // Runs end in nine ways.
    assert.isAtLeast(dashes.length, 9)
  })

  it("have values with the precision that people need", () => {
    const seen = [0, .25, 9.96, 10.4, 1234.5].map((value) => Line.textOf("count", value))
    assert.deepStrictEqual(seen, ["0", "0.3", "10", "10", "1,235"])
    const spans = [0, .0004, .012, 75, null].map((value) => Line.textOf("seconds", value))
    assert.deepStrictEqual(spans, ["0ms", "<1ms", "12ms", "1m 15s", "–"])
  })
})

describe("the sentence of a chart", () => {
  it("has the newest, the lowest and the highest value, the last time of each", () => {
    assert.strictEqual(
      sentence(linesOf({ completed: [0, 412, 0], failed: [3, 3, 3] })),
      "Finished per minute in the last hour. " +
        "completed: now 0, lowest 0 at 10:10, highest 412 at 10:05. " +
        "failed: now 3, lowest 3 at 10:10, highest 3 at 10:10."
    )
  })

  it("says what is not known", () => {
    assert.strictEqual(
      sentence(linesOf({ p50: [.5, 1, null], p95: [null, null, null] }), "seconds"),
      "Finished per minute in the last hour. " +
        "p50: now unknown, lowest 500ms at 10:00, highest 1.0s at 10:05. p95: nothing is known."
    )
  })

  it("says the day where a time needs one", () => {
    const at = new Date("2026-03-01T00:00:00Z")
    const seen = (["time", "day", "both", "either"] as const)
      .map((has) => words.clockOf(at, "UTC", has))
    assert.deepStrictEqual(seen, ["00:00", "1 Mar", "1 Mar, 00:00", "1 Mar"])
    assert.strictEqual(words.clockOf(new Date(+at + 60_000), "UTC", "either"), "00:01")
  })
})
