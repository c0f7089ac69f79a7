/**
 * The public names are a list in this folder: a change of it is a change for applications.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
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

// A declaration file imports what its declarations name.
describe("the types of the public names", () => {
  const files = Array.from(new Set(exports.map(({ file }) => file)))
  const isPublic = (file: string, name: string) =>
    exports.some((one) => one.file === file && new RegExp(`(^|\\.)${name}$`).test(one.name))

  it.each(files)("in %s name public types alone", (file) => {
    const text = readFileSync(file.replace(/^src\/(.*)\.ts$/, "dist/$1.d.ts"), "utf8")
    const named = Array.from(
      text.matchAll(/^import (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm),
      ([, names = "", from = ""]) => {
        const source = join(dirname(file), from.replace(/\.js$/, ".ts"))
        return names.split(",").map((name) => name.replace("type ", "").trim())
          .map((name) => ({ source, name }))
      }
    ).flat()
    assert.deepStrictEqual(
      named.filter(({ name, source }) => !isPublic(source, name))
        .map(({ name, source }) => `${name} of ${source}`),
      []
    )
  })
})
