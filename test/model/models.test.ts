/**
 * The Spin models: pgq's protocol holds in every interleaving, and does not hold without one of its
 * mechanisms. docs/internals/models.md says what the models leave out.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFile, spawnSync } from "node:child_process"
import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { type Model, models, type Verdict } from "./Models.ts"

const run = promisify(execFile)

const isThere = (program: string, flag: string): boolean =>
  spawnSync(program, [flag]).error === undefined
const canCheck = isThere("spin", "-V") && isThere("gcc", "--version")

describe.skipIf(!canCheck)(
  canCheck ? "models" : "models: skipped, for spin and gcc are not installed",
  () => {
    it.each(models)("$model $defines: $expected", async (row) => {
      const report = await check(row)
      assert.strictEqual(verdictOf(report), row.expected, report)
    }, 120_000)
  }
)

/** The report of the verifier on one model in one configuration. */
const check = async ({ defines, model }: Model): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "pgq-model-"))
  try {
    const file = `${model}.pml`
    await cp(join(import.meta.dirname, file), join(folder, file))
    const within = { cwd: folder, maxBuffer: 2 ** 24, timeout: 100_000 }
    const words = defines.split(" ").filter((word) => word !== "")
    await run("spin", ["-a", ...words.map((word) => `-D${word}`), file], within)
    // Optimising takes more time than it saves in any search here.
    const options = [
      "-O0",
      "-w",
      "-DSAFETY",
      "-DCOLLAPSE",
      "-DVECTORSZ=512",
      "-DMEMLIM=2000"
    ]
    await run("gcc", [...options, "-o", "pan", "pan.c"], within)
    const { stdout } = await run("./pan", ["-m100000"], within)
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A search that was cut short proves nothing. */
const verdictOf = (report: string): Verdict | "unfinished" => {
  if (/invalid end state \(/.test(report)) return "stuck"
  if (/assertion violated/.test(report)) return "violated"
  const isCutShort = /not completed|max search depth|out of memory|memory limit/.test(report)
  return !isCutShort && /errors: 0\b/.test(report) ? "holds" : "unfinished"
}
