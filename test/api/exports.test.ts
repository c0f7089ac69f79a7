/**
 * The public names are listed in this folder. A change of the list is a change for applications.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import * as Exports from "./Exports.ts"

const exports = Exports.all()

describe("the public names", () => {
  it("are those of exports.txt", async () => {
    const lines = exports.map(({ entry, isValue, name }) =>
      `${entry.replace(/\.ts$/, "")}: ${name}${isValue ? "" : " (type)"}`
    )
    await expect(`${lines.toSorted().join("\n")}\n`).toMatchFileSnapshot("./exports.txt")
  })

  it.each(exports)("$name says what it is", ({ comment }) => {
    assert.match(comment, /\/\*\*\s+(\* )?[A-Z]/)
  })

  it.each(exports.filter(({ isValue }) => isValue))("$name has an example", ({ comment }) => {
    assert.match(comment, /@example\n \* ```ts\n/)
  })
})
