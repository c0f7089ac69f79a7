/**
 * The tests of the engine are sorted into folders, and the header of each names the sources that it
 * tests.
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
