/**
 * The matrix has all soaks, and reports what matters about each.
 */
import { assert, describe, it } from "@effect/vitest"
import { cellsOf, summary } from "./Cells.ts"
import * as Options from "./Options.ts"

const row = (name: string, value: number) => `${name.padEnd(44)}${value}`

const told = (code: number, output: string) =>
  summary({ cell: ["--server", "18", "--via", "direct"], code, output, seconds: 7, log: "/a.log" })

describe("the matrix of soaks", () => {
  it("has every combination that can be asked for, once", () => {
    const cells = cellsOf(["--short"])
    assert.lengthOf(new Set(cells.map((cell) => cell.join(" "))), 12)
    for (const cell of cells) assert.isObject(Options.parse(["--short", ...cell]))
  })

  it("leaves what is given as it is", () => {
    assert.deepStrictEqual(cellsOf(["--server", "15", "--via=direct"]), [
      ["--mode", "mixed"],
      ["--mode", "row-lock"],
      ["--mode", "advisory"]
    ])
    assert.deepStrictEqual(cellsOf(["--server", "15", "--via=direct", "--mode", "mixed"]), [[]])
  })

  it("tells a sound one from one that failed, and from one that was not run", () => {
    const output = [row("jobs added", 12), row("violations", 0), "nothing is broken", ""].join("\n")
    assert.match(told(0, output), /^sound +18 direct +, 12 jobs added, 0 violations, 7 s$/)
    assert.match(told(1, output), /^FAILED .*\/a\.log$/)
    assert.match(told(Options.skipped, "skipped: no such server\n"), /^skipped .*no such server/)
  })
})
