/**
 * The page on the life of a job names only functions that exist.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"

const page = readFileSync("docs/internals/life-of-a-job.md", "utf8")

const steps = Array.from(
  page.matchAll(/^\|.*?`((?:src|sql)\/[\w./]+)` \| `(\w+)` \|/gm),
  ([, file, name]) => [file!, name!] as const
)

const definition = (file: string, name: string): RegExp =>
  file.endsWith(".sql")
    ? new RegExp(`^CREATE FUNCTION ${name}\\(`, "m")
    : new RegExp(
      `\\b(?:const|function) ${name}\\b|^ +(?:static |readonly )?${name}(?:\\(|: |,$)`,
      "m"
    )

describe("the life of a job", () => {
  it("goes through every room", () => {
    assert.isAbove(steps.length, 30)
    for (const room of ["services", "domain", "layers/postgres", "layers/worker", "layers/job"]) {
      assert(steps.some(([file]) => file.startsWith(`src/${room}/`)), room)
    }
  })

  it.each(steps)("finds in %s the function %s", (file, name) => {
    assert(existsSync(file))
    assert.match(readFileSync(file, "utf8"), definition(file, name))
  })
})
