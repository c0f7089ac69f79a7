/**
 * A soak of a mutant runs the mutant.
 */
import { assert, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { onTestFinished } from "vitest"
import * as Build from "./Build.ts"

it("a build of a mutant holds its change", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pgq-soak-build-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))

  const build = Build.make(folder, "rescue-before-the-lease-ends")

  if (typeof build === "string") return assert.fail(build)
  const program = readFileSync(join(dirname(build.bin), "bundle", "main.js"), "utf8")
  assert.include(program, "clock + interval '12 seconds'")
})
