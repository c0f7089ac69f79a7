/**
 * The README and the documentation say what is so: their code is taken from examples that tests
 * run, their links lead somewhere, and what they describe is there.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { regionOf } from "./support/Regions.ts"

const textOf = (file: string): string => readFileSync(file, "utf8")

const pages = [
  "README.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name))
]

interface Block {
  readonly page: string
  /** The file and region that the comment before it names. */
  readonly source: string | undefined
  readonly code: string
}

const blocks = pages.flatMap((page): ReadonlyArray<Block> =>
  Array.from(
    textOf(page).matchAll(/(?:^<!-- (\S+) -->\n)?^```\w*\n([\s\S]*?)^```$/gm),
    ([, source, code = ""]) => ({ page, source, code })
  )
)

describe("the documentation", () => {
  it.each(blocks)("in $page has $source as it stands", ({ code, source }) => {
    assert.isDefined(source, `no comment says where this is from:\n${code}`)
    assert.strictEqual(code, regionOf(source!))
  })

  it("shows only examples that a test runs", () => {
    const tests = [
      "test/examples.test.ts",
      "test/testingExample.test.ts",
      "test/hands/dump.test.ts",
      "test/hands/replication.test.ts",
      "test/moving/Peer.ts"
    ].map(textOf).join()
    for (const file of new Set(blocks.map(({ source }) => source!.split("#")[0]!))) {
      const name = file.replace(/^examples\//, "")
      assert.include(tests, name, `no test runs ${file}`)
    }
  })

  it.each(pages)("in %s links to what is there", (page) => {
    for (const [, target = ""] of textOf(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue
      assert(existsSync(join(dirname(page), target)), `${page} links to ${target}`)
    }
  })

  it("names every command and flag of the command line", () => {
    const page = textOf("docs/reference/cli.md")
    const commands = Array.from(helpOf().matchAll(/^ {2}([a-z]+) {4}/gm), ([, name]) => name!)
    assert.includeMembers(commands, ["start", "stop", "enqueue"])
    for (const command of commands) {
      assert.include(page, `## pgq ${command}`)
      for (const [flag] of helpOf(command).matchAll(/--[a-z-]+/g)) {
        assert.include(page, `\`${flag}`, `of pgq ${command}`)
      }
    }
  })

  it("names every option of a queue", () => {
    const [, options = ""] = /interface Options \{\n([\s\S]*?)\n\}/.exec(
      textOf("src/layers/QueueLive.ts")
    )!
    const page = textOf("docs/reference/configuration.md")
    for (const [, option] of options.matchAll(/readonly (\w+)\?/g)) {
      assert.include(page, `| \`${option}\` |`)
    }
  })

  it("names every table, column, view and function of the schema", () => {
    const sql = readdirSync("sql").map((file) => textOf(join("sql", file))).join("\n")
    const page = textOf("docs/reference/sql.md")
    const created = /^CREATE (?:TABLE|FUNCTION|VIEW) (\w+)/gm
    const columns = Array.from(
      sql.matchAll(/^CREATE TABLE \w+ \(\n([\s\S]*?)^\)/gm),
      ([, body = ""]) => Array.from(body.matchAll(/^ {2}([a-z_]+) +[a-z]/gm), ([, name]) => name!)
    ).flat()
    const things = Array.from(sql.matchAll(created), ([, name]) => name!)
    assert.includeMembers(columns, ["serialization_key", "lease_until", "keep_failed"])
    for (const name of [...things, ...columns]) {
      assert.match(page, new RegExp(`\\\`(pgq\\.)?${name}\\b`), `${name} is missing`)
    }
    const [, functions = ""] = /## Functions\n([\s\S]*)/.exec(page)!
    const named = Array.from(functions.matchAll(/^\| (`.*?) \|/gm), ([, names = ""]) => names)
    for (const [, name] of named.join().matchAll(/`(\w+)`/g)) assert.include(things, name)
  })
})

function helpOf(...command: ReadonlyArray<string>): string {
  return execFileSync(process.execPath, ["dist/cli/bin.js", ...command, "--help"], {
    encoding: "utf8"
  })
}
