/**
 * The house rules that neither the compiler nor the linter can state.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

/** A room may import itself and the rooms to its left. */
const rooms = ["domain", "services", "layers", "cli"]

const filesIn = (folder: string, ending: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
    .map((name) => join(folder, name))
    .toSorted()

const sources = filesIn("src", ".ts")
const inRooms = sources.filter((file) => file.split("/").length > 2)
const textOf = (file: string): string => readFileSync(file, "utf8")

describe("tidy", () => {
  it.each(inRooms)("%s imports inward", (file) => {
    const room = roomOf(file)
    assert.isAtLeast(room, 0, "a folder that is no room")
    for (const target of relativeImports(file)) {
      const imported = roomOf(target)
      assert(imported >= 0 && imported <= room, `${file} reaches out to ${target}`)
    }
  })

  it.each([...sources, ...filesIn("test", ".ts")])("%s fits in the head", (file) => {
    assert.isAtMost(textOf(file).split("\n").length, 400)
  })

  it.each(sources)("%s says what it is for", (file) => {
    assert.match(textOf(file), /^(#!.*\n)?\/\*\*\s+(\* )?[^\s*]/)
  })

  it.each(sources)("%s is typed all the way, and fails by values", (file) => {
    const code = withoutComments(textOf(file))
    for (const shortcut of [/: any\b/, /\bas any\b/, /\bas unknown as\b/, /\bthrow /]) {
      assert.notMatch(code, shortcut)
    }
  })

  it("lets only layers and the cli know the database and the platform", () => {
    const known = /from "(effect\/(sql|http|platform|process)|@effect\/(sql-pg|platform)|node:)/
    const knowing = sources.filter((file) =>
      ["domain", "services"].includes(file.split("/")[1]!) && known.test(textOf(file))
    )
    assert.deepStrictEqual(knowing, [])
  })

  it("lets no layer ask the database past its deadline", () => {
    const asks = /\bsql(<[^`]*>)?`|\.query\(|\.listen\(/
    const asking = sources.filter((file) =>
      file.startsWith("src/layers/") && asks.test(withoutComments(textOf(file)))
    )
    assert.isAtLeast(asking.length, 7)
    assert.deepStrictEqual(
      asking.filter((file) => !textOf(file).includes(`from "./Deadline.ts"`)),
      []
    )
  })

  it("numbers migrations without gaps", () => {
    const numbers = filesIn("sql", ".sql").map((file) => file.slice(4, 8))
    const expected = numbers.map((_, index) => String(index + 1).padStart(4, "0"))
    assert.deepStrictEqual(numbers, expected)
  })
})

const roomOf = (file: string): number => rooms.indexOf(file.split("/")[1] ?? "")

const relativeImports = (file: string): ReadonlyArray<string> =>
  Array.from(
    textOf(file).matchAll(/(?:from|import) ?\(?"(\.[^"]+)"/g),
    (match) => normalize(join(dirname(file), match[1]!))
  )

const withoutComments = (code: string): string =>
  code.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1")
