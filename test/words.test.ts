/**
 * Each word has one meaning: the words of the glossary are in use, and the retired words are gone.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const glossary = readFileSync("docs/glossary.md", "utf8")
const [words = "", retiredRows = ""] = glossary.split("<!-- retired words -->")

/** The first column of each table. */
const firstColumn = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/^\| ([^|]+?) \|/gm), ([, word]) => word!)
    .filter((word) => !["word", "retired"].includes(word) && !/^-+$/.test(word))

const retired = firstColumn(retiredRows)

/** Places in which a retired word has another use, and no word of the glossary fits. */
const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  // The option `--pace` of the soak test: the number of faults in a period.
  "pace": ["test/soak/"],
  // A secret in the header `authorization`, as HTTP and other programs call it.
  "token": [
    "src/http/",
    "src/cli/api/",
    "src/cli/commands/api.ts",
    "dashboard/src/",
    "test/http/",
    "test/browser/",
    "test/cli/api.test.ts",
    "src/domain/SecretNames.ts",
    "test/mutants/ofHttp.ts",
    "docs/reference/api.md",
    "docs/reference/cli.md",
    "docs/guides/operating.md"
  ]
}

const files = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].concat(
  ["src", "sql", "dashboard/src", "docs", "examples", "test"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(tsx?|mjs|sql|md|sh|pml)$/.test(name) && !name.includes("node_modules"))
      .map((name) => join(folder, name))
  )
).filter((file) => !["docs/glossary.md", "test/words.test.ts"].includes(file))

const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]))

/**
 * Matches a word in any case. A word with a capital letter is an identifier, and matches only as
 * written.
 */
const asWord = (word: string): RegExp =>
  new RegExp(`(?<![\\w-])${word.replaceAll(" ", "\\s+")}(?![\\w-])`, /[A-Z]/.test(word) ? "" : "i")

describe("the glossary", () => {
  it("lists the retired words", () => {
    assert.includeMembers([...retired], ["token", "stand-in", "lane_wakes"])
  })

  it.each(retired)("has retired %s, which is nowhere any more", (word) => {
    const found = files.filter((file) => asWord(word).test(texts.get(file)!))
    const excused = allowed[word] ?? []
    assert.deepStrictEqual(
      found.filter((file) => !excused.some((place) => file.startsWith(place))),
      []
    )
  })

  it("excuses no use that is gone", () => {
    const unneeded = Object.entries(allowed).flatMap(([word, places]) =>
      places.filter((place) =>
        !files.some((file) => file.startsWith(place) && asWord(word).test(texts.get(file)!))
      )
    )
    assert.deepStrictEqual(unneeded, [])
  })

  it("explains each word once", () => {
    const explained = firstColumn(words)
    assert.isAbove(explained.length, 50)
    assert.strictEqual(new Set(explained).size, explained.length)
  })

  it("explains no word that nobody uses", () => {
    const all = Array.from(texts.values()).join("\n")
    assert.deepStrictEqual(
      firstColumn(words).filter((word) => !new RegExp(`\\b${word}`, "i").test(all)),
      []
    )
  })
})
