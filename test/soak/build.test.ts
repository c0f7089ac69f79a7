/**
 * A soak of a mutant runs the mutant, and tells it from a slow machine.
 */
import { assert, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { onTestFinished } from "vitest"
import * as Build from "./Build.ts"
import * as Violation from "./Violation.ts"

it("a build of a mutant holds its change", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pgq-soak-build-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))

  const build = Build.make(folder, "rescue-before-the-lease-ends")

  if (typeof build === "string") return assert.fail(build)
  const program = readFileSync(join(dirname(build.bin), "bundle", "main.js"), "utf8")
  assert.include(program, "clock + interval '12 seconds'")
})

it("a mutant is noticed by a broken promise, not by a slow machine", () => {
  const slow = (["slow recovery", "slow after the faults", "too few faults"] as const)
    .map((check) => ({ check, detail: "" }))

  assert.isFalse(Violation.isNoticed(slow))
  assert.isTrue(Violation.isNoticed([...slow, { check: "leaked", detail: "" }]))
})
