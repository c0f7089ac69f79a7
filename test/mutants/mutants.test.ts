/**
 * The mutants still fit pgq, and the tests that must notice them are there. `npm run mutants` tries
 * them.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { mutants } from "./mutants.ts"

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")

describe("a mutant", () => {
  it.each(mutants)("$name changes what is there, and a test is named for it", (mutant) => {
    for (const { file, from } of mutant.changes) {
      assert.strictEqual(read(file).split(from).length, 2, file)
    }
    assert.include(read(mutant.test.file), mutant.test.name)
  })
})
