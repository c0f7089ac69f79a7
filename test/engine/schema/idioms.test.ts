/**
 * Each use of a planner idiom in `sql/` is marked, so that nobody removes it as needless. The head
 * of sql/0003_lanes.sql explains the idioms.
 *
 * Tests `sql/0003_lanes.sql`.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

/** The pattern by which each idiom is found in a line of code. */
const idioms: Readonly<Record<string, RegExp>> = {
  "hidden column": /\b(state|queue) \|\| ''(?!.*- priority::bigint)/,
  "fence": /\bOFFSET 0\b/,
  "head index": /\bhead\.serialization_key IS NOT NULL AND head\.state IN /,
  "index order": /\bORDER BY first\.priority DESC, first\.id LIMIT 1\b/,
  "hashed set": /\bNOT (\([\w., ]+\)|[\w.]+) NOT IN\b/,
  "age index": /\bqueue \|\| ''.*- priority::bigint/,
  "place index": /\b(?:ORDER BY|INDEX) .*\bcoalesce\((?:j\.)?place, /,
  "aside index": /job_id \+ 0/,
  "skip scan": /\bWITH RECURSIVE\b/,
  "by place": /\bctid = /
}

const isComment = (line: string) => /^ *--/.test(line)

/** The lines of code, each with the idioms that the comments above and behind the line name. */
const statements = readdirSync("sql").filter((file) => file.endsWith(".sql")).flatMap((file) => {
  const lines = readFileSync(`sql/${file}`, "utf8").split("\n")
  return lines.flatMap((line, n) => {
    if (isComment(line)) return []
    let first = n
    while (first > 0 && isComment(lines[first - 1]!)) first--
    const [code = "", behind = ""] = line.split(/ -- /)
    const marks = [...lines.slice(first, n), behind].flatMap((text) =>
      Array.from(text.matchAll(/\bidiom: ([a-z ]+)$/g), ([, name]) => name!)
    )
    return [{ at: `${file}:${n + 1}`, code, marks }]
  })
})

const used = (name: string) =>
  statements.filter(({ code }) => idioms[name]!.test(code)).map(({ at }) => at)

const marked = (name: string) =>
  statements.filter(({ marks }) => marks.includes(name)).map(({ at }) => at)

describe("an idiom of the SQL", () => {
  it.each(Object.keys(idioms))("%s is marked where it is used, and nowhere else", (name) => {
    assert.isNotEmpty(used(name))
    assert.deepStrictEqual(marked(name), used(name))
  })

  it("is one of those that the head of 0003_lanes.sql explains", () => {
    const head = readFileSync("sql/0003_lanes.sql", "utf8").split("-- IDIOMS\n")[1]!
    const explained = Array.from(head.matchAll(/^-- - ([a-z ]+): /gm), ([, name]) => name)
    assert.deepStrictEqual(explained, Object.keys(idioms))
    for (const { marks } of statements) assert.includeMembers(explained, marks)
  })
})
