/**
 * Tables and lines of short commands, in terminals of any width and in pipes.
 *
 * Tests `src/cli/StatusText.ts` and `src/cli/Screen.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Screen from "../../src/cli/Screen.ts"
import * as StatusText from "../../src/cli/StatusText.ts"

const head = ["worker", "names", "running"]
const rows = [
  ["web-1.example:811", "charge-card,send-receipt,close-month", 5],
  ["web-2:7", "charge-card", 12]
]

describe("a table", () => {
  it("is whole in a pipe", () => {
    assert.strictEqual(
      StatusText.table(head, rows),
      [
        "worker             names                                 running",
        "web-1.example:811  charge-card,send-receipt,close-month        5",
        "web-2:7            charge-card                                12"
      ].join("\n")
    )
  })

  it("has its widest texts cut where a terminal has less room, and no number", () => {
    assert.strictEqual(
      StatusText.table(head, rows, 40),
      [
        "worker          names            running",
        "web-1.example…  charge-card,se…        5",
        "web-2:7         charge-card           12"
      ].join("\n")
    )
  })

  it.each([200, 80, 65, 64, 63, 41, 31])("fits into %i columns", (columns) => {
    for (const line of StatusText.table(head, rows, columns).split("\n")) {
      assert.isAtMost(line.length, columns)
    }
  })

  it("leaves ten cells of each text, however narrow a terminal is", () => {
    const [, line] = StatusText.table(head, rows, 5).split("\n")
    assert.strictEqual(line, "web-1.exa…  charge-ca…        5")
  })
})

describe("a line", () => {
  it("is cut on a terminal alone", () => {
    const text = "42 charge failed: the card was declined"
    assert.strictEqual(Screen.line(text), text)
    assert.strictEqual(Screen.line(text, 20), "42 charge failed: t…")
    assert.strictEqual(Screen.line(text, 80), text)
  })
})
