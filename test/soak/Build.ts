/**
 * A copy of the built pgq for one soak. A later build does not change the copy, and a mutant
 * changes nothing but the copy.
 */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as InFiles from "../mutants/InFiles.ts"
import { mutants } from "../mutants/mutants.ts"

export interface Build {
  /** The path of the built command line. */
  readonly bin: string
  readonly script: string
}

const ofSoak = mutants.filter(({ by }) => by.some(({ checker }) => checker.startsWith("soak")))

const sources = [
  "src",
  "sql",
  "dashboard",
  "scripts",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json"
]

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Answers the build, or an error text. */
export const make = (folder: string, mutant: string | undefined): Build | string => {
  const copy = join(folder, "pgq")
  mkdirSync(join(copy, "soak"), { recursive: true })
  // A build holds the texts of `sql/`, so a mutant needs a build of its own.
  const parts = mutant === undefined ? ["dist", "package.json"] : sources
  for (const name of parts) cpSync(join(root, name), join(copy, name), { recursive: true })
  for (const name of ["script.ts", "FollowUp.ts", "Ledger.ts"]) {
    cpSync(join(root, "test", "soak", name), join(copy, "soak", name))
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  if (mutant !== undefined) {
    const found = ofSoak.find(({ name }) => name === mutant)
    const issue = found === undefined
      ? `there is no mutant "${mutant}"; there are: ${ofSoak.map(({ name }) => name).join(", ")}`
      : InFiles.apply(copy, found)
    if (issue !== undefined) return issue
    const build = join("scripts", "build.mjs")
    execFileSync(process.execPath, [build, "--noCheck"], { cwd: copy, stdio: "inherit" })
  }
  return { bin: join(copy, "dist", "cli", "bin.js"), script: join(copy, "soak", "script.ts") }
}
