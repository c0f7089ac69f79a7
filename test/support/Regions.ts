/**
 * The parts of the examples that the documentation shows.
 */
import { assert } from "@effect/vitest"
import { readFileSync } from "node:fs"

/**
 * The lines between the markers of a region, without their common indent. `source` is
 * `file#region`.
 */
export const regionOf = (source: string): string => {
  const [file = "", name] = source.split("#")
  const lines = readFileSync(file, "utf8").split("\n")
  const start = lines.findIndex((line) => line.trim().endsWith(`#region ${name}`))
  assert.isAtLeast(start, 0, `there is no region ${name} in ${file}`)
  const end = lines.findIndex((line, index) => index > start && line.includes("#endregion"))
  const region = lines.slice(start + 1, end)
  const indent = Math.min(...region.filter((line) => line !== "").map((line) => line.search(/\S/)))
  return region.map((line) => `${line.slice(indent)}\n`).join("")
}

/** The statements of a region of SQL. */
export const statementsOf = (source: string): ReadonlyArray<string> =>
  regionOf(source).replaceAll(/^--.*\n/gm, "").split(/;\n/).filter((text) => text.trim() !== "")
