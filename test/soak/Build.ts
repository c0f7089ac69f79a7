/**
 * A copy of the built pgq for one soak, so that nothing changes under it, and a mutant harms nobody
 * else.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Mutant, mutants } from "./mutants.ts"

export interface Build {
  /** The command line. */
  readonly bin: string
  readonly script: string
}

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Answers with what is wrong, as a string. */
export const make = (folder: string, mutant: string | undefined): Build | string => {
  const copy = join(folder, "pgq")
  mkdirSync(join(copy, "soak"), { recursive: true })
  for (const name of ["dist", "sql", "package.json"]) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  for (const name of ["script.ts", "Ledger.ts"]) {
    cpSync(join(root, "test", "soak", name), join(copy, "soak", name))
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  if (mutant !== undefined) {
    const found = mutants.find(({ name }) => name === mutant)
    const issue = found === undefined
      ? `there is no mutant "${mutant}"; there are: ${mutants.map(({ name }) => name).join(", ")}`
      : mutate(copy, found)
    if (issue !== undefined) return issue
  }
  return { bin: join(copy, "dist", "cli", "bin.js"), script: join(copy, "soak", "script.ts") }
}

/** A text that is not there exactly once would change nothing, or something else. */
const mutate = (copy: string, { changes, name }: Mutant): string | undefined => {
  for (const { file, from, to } of changes) {
    const path = join(copy, file)
    const parts = readFileSync(path, "utf8").split(from)
    if (parts.length !== 2) {
      return `mutant "${name}": its text stands ${parts.length - 1} times in ${file}, not once`
    }
    writeFileSync(path, parts.join(to))
  }
  return undefined
}
