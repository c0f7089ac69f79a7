/**
 * Runs all soaks one after the other, and prints a line for each: every mode, both ways, both
 * servers. The arguments go on to each soak, such as `--short`, `--minutes N` or `--seed TEXT`;
 * `--server`, `--mode` and `--via` choose some of the soaks. pgq must be built.
 */
import { spawn } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { cellsOf, summary } from "./Cells.ts"
import * as Options from "./Options.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/**
 * Runs a soak to its end, and answers its exit code. An interrupt from the terminal reaches the
 * soak by itself.
 */
const soak = (args: ReadonlyArray<string>, log: string): Promise<number> =>
  new Promise((resolve) => {
    const file = openSync(log, "a")
    const child = spawn(
      process.execPath,
      ["--import", "./scripts/typescript.mjs", "test/soak/main.ts", ...args],
      { cwd: root, stdio: ["ignore", file, file] }
    )
    child.once("close", (code) => {
      closeSync(file)
      resolve(code ?? 1)
    })
  })

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  const options = Options.parse(args)
  if (typeof options === "string") {
    say(options)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), "pgq-matrix-"))
  let isInterrupted = false
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => isInterrupted = true)

  let failed = 0
  for (const cell of cellsOf(args)) {
    if (isInterrupted) break
    const name = ["soak", ...cell.filter((_, index) => index % 2 === 1)].join("-")
    const log = join(folder, `${name}.log`)
    const from = process.hrtime.bigint()
    const code = await soak([...args, ...cell], log)
    const seconds = Number((process.hrtime.bigint() - from) / 1_000_000_000n)
    if (code !== 0 && code !== Options.skipped) failed++
    say(summary({ cell, code, seconds, output: readFileSync(log, "utf8"), log }))
  }
  say(failed === 0 && !isInterrupted ? "nothing is broken" : `${failed} failed; see ${folder}`)
  return failed === 0 && !isInterrupted ? 0 : 1
}

process.exitCode = await main()
