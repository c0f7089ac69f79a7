/**
 * The house rules that neither the compiler nor the linter can state.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

const inner = ["domain/", "services/"]
const sql = ["@effect/sql-pg", "effect/sql"]

/**
 * The imports that are allowed to the files of a folder, besides `effect` and each other. The entry
 * of a file adds imports to those of its folder. An entry that ends in a slash or a colon allows
 * all imports that begin with it.
 */
const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  "domain": [],
  "services": ["domain/"],

  "layers/effects": [],
  "layers/effects/Backoff.ts": ["domain/Backoff.ts"],
  "layers/effects/EventLog.ts": ["domain/LogEvent.ts"],
  "layers/locks": inner,
  "layers/job": inner,
  "layers/job/JobScript.ts": sql,
  "layers/worker": [...inner, "layers/effects/"],
  "layers/worker/RunSpans.ts": ["effect/http/"],
  "layers/worker/VitalSigns.ts": ["node:perf_hooks"],
  "layers/memory": inner,
  "layers/postgres": [...inner, "layers/effects/", ...sql],
  "layers/postgres/PgEnqueue.ts": ["node:crypto"],
  "layers/postgres/PgMigrations.ts": ["node:crypto"],
  "layers/postgres/SqlFiles.ts": ["node:fs"],
  "layers/postgres/connection": ["domain/", "layers/effects/", ...sql, "node:"],
  "layers/postgres/connection/PgConnections.ts": ["effect/reactivity"],
  "layers/postgres/connection/PgPart.ts": ["layers/postgres/PgError.ts"],
  "layers/postgres/watchdog": [
    ...inner,
    "layers/effects/",
    "layers/postgres",
    "layers/postgres/connection",
    "@effect/sql-pg",
    "node:fs",
    "node:process",
    "node:worker_threads"
  ],
  "layers/postgres/watchdog/WatchdogConnection.ts": ["effect/sql"],
  "layers/embedded": ["domain/", "node:"],
  "layers/embedded/ServerUse.ts": ["layers/postgres/PgError.ts", "@effect/sql-pg"],
  "layers/testing": [...inner, "layers/worker/", "layers/job/"],
  "layers/testing/MemoryKit.ts": ["layers/memory/", "effect/testing"],
  "layers/testing/PgKit.ts": ["layers/postgres", "@effect/sql-pg"],
  "layers": [...inner, "layers/", "@effect/sql-pg", "node:crypto", "node:os"],

  "http": [...inner, "layers/effects/", "effect/http", "effect/http-api"],
  "http/Page.ts": ["node:crypto"],
  "http/PageFiles.ts": ["node:fs", "node:url"],
  "http/Credentials.ts": ["effect/encoding", "effect/net", "node:crypto"],
  "http/Guard.ts": ["effect/net"],
  "http/JobsLive.ts": ["node:crypto"],
  "http/Mount.ts": ["effect/net"],
  "http/Sessions.ts": ["node:crypto"],
  "http/Tags.ts": ["node:crypto"],

  "observe": [...inner, "effect/http"],
  "observe/LoopDelay.ts": ["node:perf_hooks"],
  "observe/Metrics.ts": ["effect/observability"],
  "observe/Exporting.ts": ["effect/observability"],
  "observe/QueueLooks.ts": ["layers/effects/"],
  "observe/QueueMetrics.ts": ["effect/observability"],
  "observe/Listener.ts": ["node:"],

  "cli": ["domain/", "layers/", ...sql, "effect/cli", "node:"],
  "cli/script": ["domain/", "layers/effects/", "layers/job/", "cli", "amaro", "node:"],
  "cli/process": [
    ...inner,
    "layers/",
    "observe/",
    "cli",
    "cli/script/",
    "node:"
  ],
  "cli/api": ["domain/", "http/", "layers/", "observe/", "cli", "node:"],
  "cli/api/ApiInput.ts": ["effect/cli"],
  "cli/api/ApiAuth.ts": ["effect/net"],
  "cli/api/MetricsInput.ts": ["effect/cli"],
  "cli/api/MetricsServer.ts": ["effect/http"],
  "cli/api/Serve.ts": [
    "effect/http",
    "@effect/platform-node/NodeHttpServer"
  ],
  "cli/api/ApiClient.ts": ["@effect/sql-pg"],
  "cli/commands": [...inner, "layers/", "cli", "cli/process/", ...sql, "effect/cli", "node:"],
  "cli/commands/Serving.ts": ["cli/api/"],
  "cli/commands/metrics.ts": ["cli/api/"],
  "cli/commands/JobsText.ts": ["cli/top/"],
  "cli/commands/top.ts": ["cli/top/"],
  "cli/top": [
    ...inner,
    "layers/effects/",
    "layers/postgres/BoundedReads.ts",
    "cli",
    "cli/commands/WhyText.ts",
    "effect/Terminal",
    "@effect/sql-pg",
    "@effect/platform-node/NodeTerminal"
  ],
  "cli/main.ts": ["cli/commands/", "@effect/platform-node/NodeServices"]
}

const filesIn = (folder: string, ending: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
    .map((name) => join(folder, name))
    .toSorted()

const sources = filesIn("src", ".ts")
const inRooms = sources.map((file) => relative("src", file)).filter((path) => path.includes("/"))
const textOf = (file: string): string => readFileSync(file, "utf8")

describe("tidy", () => {
  it.each(inRooms)("%s imports what its folder may", (path) => {
    const folder = dirname(path)
    assert.property(allowed, folder, "a folder without a rule")
    const entries = [folder, ...allowed[folder]!, ...(allowed[path] ?? [])]
    assert.deepStrictEqual(
      importsOf(path).filter((name) => !entries.some((entry) => covers(entry, name))),
      []
    )
  })

  it.each(inRooms)("%s imports nothing that needs it", (path) => {
    const needed = new Set<string>()
    const add = (name: string): void => {
      if (needed.has(name) || !inRooms.includes(name)) return
      needed.add(name)
      importsOf(name).forEach(add)
    }
    importsOf(path).forEach(add)
    assert.isFalse(needed.has(path))
  })

  it.each(filesIn("dashboard/src", "").filter((file) => /\.tsx?$/.test(file)))(
    "%s imports what a browser has",
    (file) => {
      const code = withoutComments(textOf(file)).replaceAll(
        /^import type [^;]*? from "[^"]*"$/gm,
        ""
      )
      const names = Array.from(code.matchAll(/ from "([^"]+)"/g), ([, name]) => name)
      const strange = names.filter((name) =>
        !/^(\.{1,2}\/[A-Za-z]|preact\b|@preact\/signals$|uplot$)/.test(name!)
      )
      const shared = strange.map((name) => name!.replace(/^(\.\.\/)+/, ""))
      assert.deepStrictEqual(
        shared.filter((name) => !["src/domain/CountText.ts", "src/domain/Span.ts"].includes(name)),
        []
      )
      assert.isAtMost(textOf(file).split("\n").length, 250)
      assert.match(textOf(file), /^\/\*\*\n \* [^\s*]/)
    }
  )

  it("has no rule that nobody needs", () => {
    const unneeded = Object.entries(allowed).flatMap(([place, entries]) => {
      const names = inRooms.filter((path) => covers(place, path)).flatMap(importsOf)
      return entries.filter((entry) => !names.some((name) => covers(entry, name)))
        .map((entry) => `${place}: ${entry}`)
    })
    assert.deepStrictEqual(unneeded, [])
  })

  it.each([...sources, ...filesIn("test", ".ts")])("%s fits in the head", (file) => {
    assert.isAtMost(textOf(file).split("\n").length, 400)
  })

  it.each([...sources, ...filesIn("sql", ".sql")])("%s is no wider than a screen", (file) => {
    assert.deepStrictEqual(textOf(file).split("\n").filter((line) => line.length > 100), [])
  })

  it.each(filesIn("test", ".ts"))("%s has no comment wider than a screen", (file) => {
    const wide = /^ *(?:\/\*\*|\*|\/\/) .*$/gm
    const comments = textOf(file).match(wide) ?? []
    assert.deepStrictEqual(comments.filter((line) => line.length > 100), [])
  })

  it.each([
    ...sources,
    ...filesIn("sql", ".sql"),
    ...filesIn("test", ".ts").filter((file) => file !== "test/tidy.test.ts")
  ])("%s has sentences about things", (file) => {
    const subjectless = /(?:\/\*\*|^ *\*|\/\/|--|[.:]) +(?:What|Who|Whoever|Whatever) [a-z].*$/gm
    assert.deepStrictEqual(textOf(file).match(subjectless) ?? [], [])
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

  /** Files with parts of statements, which others ask. */
  const parts = ["layers/postgres/PgJobSearch.ts", "layers/postgres/PgWaitingIds.ts"]

  // The connections themselves need no deadline: they only pass statements on.
  it("lets no layer ask the database past its deadline", () => {
    const asks = /\bsql(<[^`]*>)?`|\.query\(|\.listen\(/
    const asking = inRooms.filter((path) =>
      /^layers\/(?!postgres\/connection)/.test(path) && !parts.includes(path) &&
      asks.test(withoutComments(textOf(join("src", path))))
    )
    assert.isAtLeast(asking.length, 7)
    assert.deepStrictEqual(
      asking.filter((path) => !importsOf(path).includes("layers/postgres/QueryTimeout.ts")),
      []
    )
  })

  // The linter counts the lines of functions in `src`.
  it.each(filesIn("sql", ".sql"))("%s has functions that fit on a screen", (file) => {
    const long = textOf(file).matchAll(/^CREATE (?:OR REPLACE )?FUNCTION (\w+)[^]*?\$\$;$/gm)
    assert.deepStrictEqual(
      Array.from(long, ([text, name]) => ({ name, lines: text.split("\n").length }))
        .filter(({ lines }) => lines > 70),
      []
    )
  })

  it("numbers migrations without gaps", () => {
    const numbers = filesIn("sql", ".sql").filter((file) => file !== "sql/settings.sql")
      .map((file) => file.slice(4, 8))
    const expected = numbers.map((_, index) => String(index + 1).padStart(4, "0"))
    assert.deepStrictEqual(numbers, expected)
  })
})

/** The imports of a file: packages by name, and files by their paths in `src`. */
const importsOf = (path: string): ReadonlyArray<string> =>
  Array.from(
    textOf(join("src", path)).matchAll(
      /(?:^(?:import|export|\}).* from |\bimport ?\(?)"([^"]+)"/gm
    ),
    ([, name]) => name!.startsWith(".") ? join(dirname(path), name!) : name!
  ).filter((name) => name !== "effect")

const covers = (entry: string, name: string): boolean =>
  /[/:]$/.test(entry) ? name.startsWith(entry) : entry === name || entry === dirname(name)

const withoutComments = (code: string): string =>
  code.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1")
