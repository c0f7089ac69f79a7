/**
 * Sums up the results that vitest wrote: each failed test with its message, then
 * `N passed, N failed`, alone on a line.
 */
import { readFileSync } from "node:fs"

const results = process.argv.slice(2).flatMap((path) =>
  JSON.parse(readFileSync(path, "utf8")).testResults.map((result) => ({ ...result, path }))
)
const tests = results.flatMap(({ assertionResults, path }) =>
  assertionResults.map((test) => ({ ...test, path }))
)
const passed = tests.filter(({ status }) => status === "passed").length
const failed = tests.filter(({ status }) => status === "failed")
// A file that could not be loaded has no tests that could fail.
const broken = results.filter(({ assertionResults, status }) =>
  status === "failed" && assertionResults.every((test) => test.status !== "failed")
)

for (const { failureMessages, fullName, path } of failed) {
  process.stdout.write(`\nFAILED ${fullName} (${path})\n${failureMessages.join("\n")}\n`)
}
for (const { message, name, path } of broken) {
  process.stdout.write(`\nFAILED ${name} (${path})\n${message}\n`)
}

const failures = failed.length + broken.length
process.stdout.write(`${passed} passed, ${failures} failed\n`)
process.exitCode = failures === 0 && passed > 0 ? 0 : 1
