/**
 * The matrix of versions: the choice of the cells, and the count of failures.
 *
 * Tests `test/matrix/Cells.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Cells from "./Cells.ts"

const packages = ["node-20", "node-26", "postgres-14", "postgres-18"]

const counted = (testResults: ReadonlyArray<unknown>) => {
  const folder = mkdtempSync(join(tmpdir(), "pgq-cells-"))
  const report = join(folder, "report.json")
  writeFileSync(report, JSON.stringify({ testResults }))
  const counts = Cells.count(report)
  rmSync(folder, { recursive: true })
  return counts
}

describe("the matrix of versions", () => {
  it("has each PostgreSQL with each Node, or those that were asked for", () => {
    assert.deepStrictEqual(Cells.chosen(packages, {}), [
      { postgres: "14", node: "20" },
      { postgres: "14", node: "26" },
      { postgres: "18", node: "20" },
      { postgres: "18", node: "26" }
    ])
    assert.deepStrictEqual(Cells.chosen(packages, { postgres: ["14"], node: ["26"] }), [
      { postgres: "14", node: "26" }
    ])
    assert.strictEqual(
      Cells.chosen(packages, { postgres: ["13"] }),
      "there is no postgres 13; there are: 14, 18"
    )
  })

  it("runs in each cell what depends on both versions, and the rest once for each version", () => {
    const lists = { ofPostgres: ["sql", "engine", "cli/start.ts"], ofNode: ["cli", "engine"] }
    const cells = Cells.chosen(packages, {})
    assert(typeof cells !== "string")

    assert.deepStrictEqual(cells.map((cell) => Cells.pathsOf(cell, cells, lists)), [
      ["sql", "engine", "cli/start.ts", "cli"],
      ["engine", "cli/start.ts", "cli"],
      ["sql", "engine", "cli/start.ts"],
      ["engine", "cli/start.ts"]
    ])
  })

  it("counts a file that could not be loaded, and a run without a report, as failures", () => {
    const tests = [{ status: "passed" }, { status: "skipped" }]

    assert.deepStrictEqual(
      counted([{ status: "passed", assertionResults: tests }]),
      { passed: 1, failed: 0, skipped: 1 }
    )
    assert.deepStrictEqual(
      counted([{ status: "failed", assertionResults: [] }]),
      { passed: 0, failed: 1, skipped: 0 }
    )
    assert.deepStrictEqual(
      counted([{ status: "failed", assertionResults: [{ status: "failed" }] }]),
      { passed: 0, failed: 1, skipped: 0 }
    )
    assert.isFalse(Cells.isSound(Cells.count("/nowhere.json")))
    assert.isFalse(Cells.isSound(counted([])))
  })
})
