/**
 * `npm run test:matrix`: runs the tests on each PostgreSQL with each Node of the `package.json`
 * beside this file, one cell after the other, and prints a table of the results. Without paths, the
 * tests that depend on PostgreSQL or on Node run. The whole matrix takes about an hour.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Cells from "./Cells.ts"

const here = fileURLToPath(new URL(".", import.meta.url))
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    postgres: { type: "string", multiple: true },
    node: { type: "string", multiple: true }
  }
})

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"))
const cells = Cells.chosen(Object.keys(dependencies), values)

const listed = (name: string): ReadonlyArray<string> =>
  readFileSync(join(here, name), "utf8").trim().split("\n")

const lists = { ofPostgres: listed("server.txt"), ofNode: listed("node.txt") }

/** Runs tests in one cell to their end, and counts their results. */
const run = (
  { node, postgres }: Cells.Cell,
  paths: ReadonlyArray<string>,
  folder: string
): Cells.Result => {
  const bin = join(here, "node_modules", `node-${node}`, "bin")
  const native = join(here, "node_modules", `postgres-${postgres}`, "native")
  const output = join(folder, `${postgres}-${node}.json`)
  const began = performance.now()
  spawnSync(
    join(bin, "node"),
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${output}`,
      ...paths
    ],
    {
      stdio: "inherit",
      env: {
        ...process.env,
        PATH: [bin, process.env["PATH"]].join(delimiter),
        PGQ_TEST_BINARIES: native
      }
    }
  )
  return { node, postgres, minutes: (performance.now() - began) / 60_000, ...Cells.count(output) }
}

if (typeof cells === "string") {
  say(cells)
  process.exitCode = 2
} else {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--prefix", here], { stdio: "inherit" })
  const folder = mkdtempSync(join(tmpdir(), "pgq-matrix-"))
  const results = cells.map((cell) => {
    say(`== PostgreSQL ${cell.postgres}, Node ${cell.node}`)
    const paths = positionals.length > 0 ? positionals : Cells.pathsOf(cell, cells, lists)
    return run(cell, paths, folder)
  })
  rmSync(folder, { recursive: true })
  say(Cells.table(results))
  process.exitCode = results.every(Cells.isSound) ? 0 : 1
}
