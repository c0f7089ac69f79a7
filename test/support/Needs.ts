/**
 * The needs of a test file, found in the text of the file and of all its imports from `test`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export interface Needs {
  /** A PostgreSQL server, or another process. */
  readonly processes: boolean
  /** The built pgq. */
  readonly build: boolean
}

/** The needs of a file, which is a path from the root. The process must run in the root. */
export const of = (file: string): Needs => {
  const texts = [...closure(file).values()]
  const has = (pattern: RegExp) => texts.some((text) => pattern.test(text))
  return {
    processes: has(/\binject\(|from "[^"]*\/layers\/embedded\/|from "node:child_process"/),
    build: has(/\bdist\//) || has(/"dist"/)
  }
}

/** All test files that need no process and therefore no server. */
export const unitTests = (): ReadonlyArray<string> =>
  readdirSync("test", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"))
    .map((name) => `test/${name}`)
    .filter((file) => !of(file).processes)
    .toSorted()

const closure = (file: string, seen = new Map<string, string>()): Map<string, string> => {
  if (seen.has(file)) return seen
  const text = readFileSync(file, "utf8")
  seen.set(file, text)
  for (const [, name] of text.matchAll(/(?:from|import) "(\.[^"]+\.ts)"/g)) {
    const imported = join(dirname(file), name!)
    // A script inside a string may import a file that does not exist.
    if (imported.startsWith("test/") && existsSync(imported)) closure(imported, seen)
  }
  return seen
}
