/**
 * The cells of texts on a terminal.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cells from "../../../src/cli/Cells.ts"
import * as Table from "../../../src/cli/top/Table.ts"

describe("cells", () => {
  it("count two for wide characters, and none for marks", () => {
    assert.deepStrictEqual(
      ["abc", "メール", "🎉", "e\u0301", "한글", "Ａ", "ｱ", ""].map(Cells.width),
      [3, 6, 2, 1, 4, 2, 1, 0]
    )
  })

  it("are none for what a terminal obeys, or for what turns a line", () => {
    assert.strictEqual(Cells.printable("a\u001B[2J\n\u202Eb\u200D\uFE0F\uD800"), "a [2J b ")
  })

  it("are as many as are wanted, whatever the text", () => {
    for (const text of ["", "abc", "メール🎉", "a\u0301".repeat(9), "x\u0000y"]) {
      for (let cells = 0; cells < 12; cells++) {
        assert.strictEqual(Cells.width(Cells.fit(text, cells)), cells, JSON.stringify(text))
        assert.strictEqual(Cells.width(Cells.fit(text, cells, "right")), cells)
      }
    }
    assert.strictEqual(Cells.cut("メール", 4), "メ…")
  })

  it("wrap between words", () => {
    assert.deepStrictEqual(Cells.wrap("  1. one two three", 12), ["  1. one two", "    three"])
    assert.deepStrictEqual(Cells.wrap("x".repeat(9), 5), ["xxxx…"])
  })
})

describe("a table", () => {
  const columns: ReadonlyArray<Table.Column<string>> = [
    { head: "NAME", of: (name) => name },
    { head: "N", of: () => "12", isNumber: true, goes: 1 },
    { head: "M", of: () => "3,400", isNumber: true, goes: 2 },
    { head: "", of: () => "" }
  ]

  it("cuts names first, then leaves columns out", () => {
    const rows = ["a-name-of-some-length", "b"]
    const table = (width: number) => {
      const { head, rows: lines } = Table.of(columns, rows, width)
      return [head, ...lines]
    }

    assert.deepStrictEqual(table(40), [
      "NAME                    N      M",
      "a-name-of-some-length  12  3,400",
      "b                      12  3,400"
    ])
    assert.deepStrictEqual(table(22), [
      "NAME          N      M",
      "a-name-of-…  12  3,400",
      "b            12  3,400"
    ])
    assert.deepStrictEqual(table(14), ["NAME         N", "a-name-of…  12", "b           12"])
    assert.deepStrictEqual(table(3)[1], "a-…")
  })
})
