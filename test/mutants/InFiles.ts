/**
 * Takes a mechanism out of a copy of pgq.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Mutant } from "./Mutant.ts"

/**
 * Applies a mutant to files. Answers an error text if a text is not in its file exactly once,
 * because the change would then not be the one that is meant.
 */
export const apply = (folder: string, { changes, name }: Mutant): string | undefined => {
  for (const change of changes) {
    if ("statement" in change || change.file === undefined) continue
    const { file, from, to } = change
    const path = join(folder, file)
    const parts = readFileSync(path, "utf8").split(from)
    if (parts.length !== 2) {
      return `mutant "${name}": its text stands ${parts.length - 1} times in ${file}, not once`
    }
    writeFileSync(path, parts.join(to))
  }
  return undefined
}

/** The files that a mutant changes. */
export const filesOf = ({ changes }: Mutant): ReadonlyArray<string> =>
  changes.flatMap((change) =>
    "statement" in change || change.file === undefined ? [] : [change.file]
  )
