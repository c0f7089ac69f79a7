/**
 * The tests of the engine stand in the folder of what they test, and say which source that is.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const files = readdirSync("test/engine", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))

describe("a test of the engine", () => {
  it.each(files)("%s says which source it tests", (name) => {
    const [header = ""] = readFileSync(join("test/engine", name), "utf8").split("*/")
    const [, named = ""] = header.split("\n * Tests ")
    const sources = Array.from(named.matchAll(/`([^`]+)`/g), ([, source]) => source!)

    assert.isNotEmpty(sources)
    assert.deepStrictEqual(sources.filter((source) => !existsSync(source)), [])
    assert.notStrictEqual(dirname(name), ".")
  })
})
