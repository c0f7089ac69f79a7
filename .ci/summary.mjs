/**
 * Sums up the results that vitest wrote: `N passed, N failed`, alone on a line.
 */
import { readFileSync } from "node:fs"

const results = process.argv.slice(2).flatMap((path) =>
  JSON.parse(readFileSync(path, "utf8")).testResults
)
const tests = results.flatMap(({ assertionResults }) => assertionResults)
const passed = tests.filter(({ status }) => status === "passed").length
// A file that could not be loaded has no tests that could fail.
const broken = results.filter(({ assertionResults, status }) =>
  status === "failed" && assertionResults.every((test) => test.status !== "failed")
)
const failed = tests.filter(({ status }) => status === "failed").length + broken.length

process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
