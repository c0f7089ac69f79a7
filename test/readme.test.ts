/**
 * The README and the documentation are true: their code comes from examples that tests run, their
 * links have targets, and the names in them exist.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { events } from "../src/domain/LogEvent.ts"
import { metrics } from "../src/domain/MetricNames.ts"
import { queueMetrics } from "../src/domain/QueueMetricNames.ts"
import { regionOf } from "./support/Regions.ts"

const textOf = (file: string): string => readFileSync(file, "utf8")

const pages = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name))
]

interface Block {
  readonly page: string
  /** The file and region in the comment before the block. */
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
      "test/transactionalExamples.test.ts",
      "test/firstContact.test.ts",
      "test/testingExample.test.ts",
      "test/cli/probes.test.ts",
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
    for (const [, target = "", part = ""] of textOf(page).matchAll(/\]\(([^)#]*)#([^)]+)\)/g)) {
      const text = textOf(target === "" ? page : join(dirname(page), target))
      assert.include(anchorsOf(text), part, `${page} links to a part of ${target}`)
    }
  })

  it.each(pages)("in %s names what there is", (page) => {
    const spans = withoutBlocks(textOf(page)).matchAll(/`([^`\n]+)`/g)
    for (const [, code = ""] of spans) {
      for (const [, name = ""] of code.matchAll(/(?<![\w.])([a-z]\w+)\(/gi)) {
        assert(isKnown(name), `${page} speaks of ${name}() in ${code}`)
      }
      if (isPath.test(code) || ofMetrics.has(code)) continue
      for (const [, owner = "", name = ""] of code.matchAll(/(?<![\w./@-])(\w+)\.([a-z]\w+)/gi)) {
        assert(isMember(owner, name), `${page} speaks of ${owner}.${name} in ${code}`)
      }
    }
  })

  it.each(pages)("in %s names files that are there", (page) => {
    const paths = /`((?:src|sql|test|docs|examples|bench|scripts)\/[\w./-]+)(?:\/\*[\w.*]*)?`/g
    for (const [, path = ""] of withoutBlocks(textOf(page)).matchAll(paths)) {
      assert(existsSync(path), `${page} names ${path}`)
    }
  })

  it("would notice a name that is not there", () => {
    assert.isFalse(isKnown("enqueueMany"))
    assert.isFalse(isMember("QueueLive", "start"))
    assert.isFalse(isMember("pgq", "job"))
    assert.isTrue(
      isKnown("enqueueAll") && isMember("QueueLive", "layer") && isMember("pgq", "jobs")
    )
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
      textOf("src/layers/WorkerOptions.ts")
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

const anchorsOf = (text: string): ReadonlyArray<string> =>
  Array.from(
    withoutBlocks(text).matchAll(/^#+ (.*)$/gm),
    ([, title = ""]) => title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  )

const withoutBlocks = (text: string): string => text.replaceAll(/^```\w*\n[\s\S]*?^```$/gm, "")

const isPath = /[/@]|\.(ts|mts|mjs|js|json|md|sql|sh|pml|pid|crt|key|crl|conf|tgz)$|^[\w.]+@/

const sources = ["src", "sql", "examples", "scripts", "test", ".ci"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|sql|mjs|pml)$/.test(name) && !name.includes("node_modules"))
    .map((name) => join(folder, name))
)
const source = sources.filter((file) => !file.includes("readme.test")).map(textOf).join("\n")

/** The names of metrics and of their attributes, and those of the attributes of spans. */
const ofMetrics = new Set([
  ...Object.entries({ ...metrics, ...queueMetrics }).flatMap(([name, { attributes }]) => [
    name,
    ...attributes
  ]),
  ...[
    "layers/worker/RunSpans",
    "layers/worker/Worker",
    "layers/postgres/PgSpans",
    "services/Sending"
  ].flatMap((file) =>
    Array.from(textOf(`src/${file}.ts`).matchAll(/"(pgq\.[a-z_.]+)"/g), ([, name = ""]) => name)
  )
])

/** Functions of PostgreSQL, and of other queues that the benchmarks use. */
const ofOthers = ["fetch", "complete", "work", "require", "count", "max"]

/**
 * Whether the name is one of `ofOthers`, a function that the sources define, or a function-typed
 * parameter or member.
 */
const isKnown = (name: string): boolean =>
  ofOthers.includes(name) ||
  new RegExp(`\\b(?:const|function|FUNCTION) ${name}\\b|\\b${name}: \\(|^ +${name}\\(`, "m").test(
    source
  )

/** Members of an application's objects, of other queues, and of the platform. */
const membersOfOthers = [
  "sql.withTransaction",
  "process.exit",
  "localQueue.size",
  "Oban.insert",
  "Ecto.Multi"
]

const api: Readonly<Record<string, unknown>> = { ...await import("../src/index.ts") }
const effect: Readonly<Record<string, unknown>> = { ...await import("effect") }

const isMember = (owner: string, name: string): boolean => {
  const module = api[owner] ?? effect[owner]
  if (typeof module === "object" && module !== null) {
    return name in module || new RegExp(`^export (?:type|interface) ${name}\\b`, "m").test(source)
  }
  if (owner === "pgq") {
    return new RegExp(`^ *CREATE (?:TABLE|VIEW|FUNCTION) ${name}\\b`, "m").test(source)
  }
  if (name === "pml") return existsSync(`test/model/${owner}.pml`)
  if (membersOfOthers.includes(`${owner}.${name}`)) return true
  if (Object.keys(events).some((event) => event.startsWith(`${owner}.${name}`))) return true
  // The member may be a column of a table, a method of a service or an export of a file.
  const owners = sources.filter((file) => file.endsWith(`/${owner}.ts`))
  const texts = owners.length > 0 ? owners.map(textOf).join("\n") : source
  return new RegExp(`\\b${owner}\\b`).test(source) && new RegExp(`\\b${name}\\b`).test(texts)
}

function helpOf(...command: ReadonlyArray<string>): string {
  return execFileSync(process.execPath, ["dist/cli/bin.js", ...command, "--help"], {
    encoding: "utf8"
  })
}
