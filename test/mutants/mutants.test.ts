/**
 * The mutants still fit pgq, the tests that must notice them exist, and the docs list all mutants.
 * `npm run mutants` runs the checks.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { filesOf } from "./InFiles.ts"
import { mechanisms } from "./mechanisms.ts"
import { mutants } from "./mutants.ts"
import * as Part from "./Part.ts"
import * as Table from "./Table.ts"

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")

describe("a mutant", () => {
  it.each(mutants)("$name changes what is there, and a check is named for it", (mutant) => {
    for (const change of mutant.changes) {
      if ("statement" in change || change.file === undefined) continue
      assert.strictEqual(read(change.file).split(change.from).length, 2, change.file)
    }
    assert.isNotEmpty(mutant.by)
    for (const by of mutant.by) {
      if (by.checker === "test") assert.include(read(by.file), by.name)
      // A copy of pgq without a changed file fails no test, and no soak.
      if (by.checker === "test" || by.checker.startsWith("soak")) {
        assert.isNotEmpty(filesOf(mutant), by.checker)
      }
    }
  })

  it("has a name of its own", () => {
    const names = mutants.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })

  it.each(Object.keys(mechanisms))("takes out %s", (key) => {
    assert.isTrue(mutants.some((mutant) => mutant.of === key))
  })
})

describe("a part of the mutants", () => {
  it("is none of another part, and the parts are all mutants", () => {
    const parts = ["1/3", "2/3", "3/3"].map((text) => {
      const part = Part.parse(text)
      return part === undefined ? [] : mutants.filter((_, index) => Part.has(part, index))
    })
    assert.deepStrictEqual(
      parts.flat().map(({ name }) => name).toSorted(),
      mutants.map(({ name }) => name).toSorted()
    )
  })

  it.each(["0/3", "4/3", "3", "1/", "a/b", "1/0"])("is not %s", (text) => {
    assert.isUndefined(Part.parse(text))
  })
})

describe("docs/reliability.md", () => {
  it("has the table of all mutants; npm run docs writes it", () => {
    const text = read(Table.page)
    for (const { name } of mutants) assert.include(text, `\`${name}\``)
    assert.strictEqual(text, Table.writtenInto(text))
  })
})
