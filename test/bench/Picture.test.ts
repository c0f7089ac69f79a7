/**
 * The picture of a benchmark: the figures it shows, the lengths of its bars, and its text.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { choices, choose, type Row } from "../../bench/Charts.ts"
import * as Picture from "../../bench/Picture.ts"

const row = (figures: Row["figures"], index = 0): Row => ({
  scenario: choices[0]!.charts[index]!.row,
  figures
})

const draw = (rows: ReadonlyArray<Row>, names: ReadonlyArray<string>, caption = "") =>
  Picture.svg({ panels: choose(rows, names), own: "pgq", caption })

const lengths = (picture: string): ReadonlyArray<number> =>
  Array.from(picture.matchAll(/class="bar[^"]*".* width="([\d.]+)"/g), ([, width]) => Number(width))

const texts = (picture: string, kind: string): ReadonlyArray<string> =>
  Array.from(picture.matchAll(/<text class="([\w ]+)".*>(.*)<\/text>/g))
    .filter(([, found]) => found!.split(" ")[0] === kind)
    .map(([, , text]) => text!)

describe("the picture of a benchmark", () => {
  it("has bars as long as their values are great", () => {
    const picture = draw([row({ pgq: 100, half: 50, tenth: 10 })], ["pgq", "half", "tenth"])
    const [full = 0, half = 0, tenth = 0] = lengths(picture)

    assert.approximately(half / full, 0.5, 0.001)
    assert.approximately(tenth / full, 0.1, 0.001)
    assert.deepStrictEqual(texts(picture, "value"), ["100", "50.0", "10.0"])
  })

  it("measures no bar by a contender that is left out", () => {
    const alone = lengths(draw([row({ pgq: 100 })], ["pgq"]))

    assert.deepStrictEqual(lengths(draw([row({ pgq: 100, limit: 300 })], ["pgq"])), alone)
  })

  it("shows a bar for the least of values, and for none at all", () => {
    assert.include(lengths(draw([row({ pgq: 1e6, slow: 1 })], ["pgq", "slow"])), 1)
    assert.deepStrictEqual(lengths(draw([row({ pgq: 0 })], ["pgq"])), [1])
  })

  it("lets the bars of one queue stand out", () => {
    const picture = draw([row({ pgq: 1, other: 2 })], ["pgq", "other"])

    assert.strictEqual(picture.match(/class="bar own"/g)?.length, 1)
    assert.match(picture, /class="name own".*>pgq</)
  })

  it("says in words that a figure is missing", () => {
    const rows = [row({ pgq: 5, other: "did not finish" }), row({ pgq: 7 }, 1)]
    const picture = draw(rows, ["pgq", "other"])

    assert.strictEqual(lengths(picture).length, 2)
    assert.deepStrictEqual(texts(picture, "missing"), ["did not finish", "–"])
  })

  it("draws bars beside one that did not finish", () => {
    assert.notInclude(draw([row({ pgq: 5, other: "did not finish" })], ["pgq", "other"]), "NaN")
  })

  it("leaves out panels without figures, and queues without figures in a panel", () => {
    const picture = draw([row({ pgq: 5 })], ["pgq", "other"])

    assert.deepStrictEqual(texts(picture, "title"), [choices[0]!.title])
    assert.deepStrictEqual(texts(picture, "name"), ["pgq"])
    assert.deepStrictEqual(choose([], ["pgq"]), [])
  })

  it("finds the figures of a scenario that ran once", () => {
    const once = { scenario: `${choices[0]!.charts[0]!.row}, one round`, figures: { pgq: 5 } }

    assert.deepStrictEqual(texts(draw([once], ["pgq"]), "value"), ["5.00"])
  })

  it("escapes names and the caption", () => {
    const name = `a<b & "c">`
    const picture = draw([row({ [name]: 5 })], [name], "x < y")

    assert.deepStrictEqual(texts(picture, "name"), ["a&lt;b &amp; &quot;c&quot;&gt;"])
    assert.deepStrictEqual(texts(picture, "caption"), ["x &lt; y"])
  })

  it("breaks a long caption between words", () => {
    const caption = "word ".repeat(60).trim()
    const lines = texts(draw([row({ pgq: 5 })], ["pgq"], caption), "caption")

    assert.isAbove(lines.length, 1)
    assert.strictEqual(lines.join(" "), caption)
  })

  it("asks for scenarios that there are", () => {
    const folder = "bench/scenarios"
    const code = readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, "utf8")).join()
    const names = Array.from(code.matchAll(/(?:name: |scenario\()"([^"]+)"/g), ([, name]) => name!)
    const rows = choices.flatMap(({ charts }) => charts.map(({ row }) => row))

    assert.deepStrictEqual(
      rows.filter((row) => !names.some((name) => row === name || row.startsWith(`${name}, `))),
      []
    )
  })
})
