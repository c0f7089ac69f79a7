/**
 * TypeScript as JavaScript. Types are replaced by spaces, so that lines and columns stay the same.
 * A file whose syntax is more than types is rewritten, with a source map.
 */
import { transformSync } from "amaro"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const javaScript = async (text: string, path: string): Promise<string> => {
  const stripped = compile(text, { mode: "strip-only" })
  const isMoreThanTypes = / not supported in/.test(String(stripped.issue)) &&
    !/export assignment/.test(String(stripped.issue))
  const { code, issue, map } = isMoreThanTypes
    ? compile(text, { mode: "transform", sourceMap: true, filename: path })
    : stripped
  const error = code === undefined ? syntaxError(issue, path) : decoratorError(code, path)
  if (code === undefined || error !== undefined) return Promise.reject(error)
  return map === undefined ? code : `${preamble(text)}${code}\n${inline(map)}\n`
}

type Options = Parameters<typeof transformSync>[1]

const compile = (text: string, options: Options) => {
  try {
    const { code, map } = transformSync(text, options)
    return { code, map, issue: undefined }
  } catch (issue) {
    return { code: undefined, map: undefined, issue }
  }
}

/** On the first line, so that the source map stays right. */
const preamble = (text: string): string =>
  /^\s*(?:export\s+)?import\s+\w+\s*=\s*require\b/m.test(text)
    ? "import { createRequire as pgqRequire } from \"node:module\"; " +
      "const require = pgqRequire(import.meta.url); "
    : ""

const inline = (map: string): string =>
  `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString("base64")}`

/** The compiler throws a drawing of the source instead of an error. */
const syntaxError = (drawing: unknown, path: string): unknown => {
  if (typeof drawing !== "string") return drawing
  const what = /x (.+)/.exec(drawing)?.[1]?.replace(/ in strip-only mode$/, "") ?? drawing
  const line = /^ *(\d+) \|.*\n *:/m.exec(drawing)?.[1]
  return new SyntaxError(`${what} (${path}${line === undefined ? "" : `:${line}`})`)
}

/** The compiler keeps decorators, and Node then refuses them without naming the place. */
const decoratorError = (code: string, path: string): SyntaxError | undefined => {
  const withoutComments = code.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "")
  if (!/(?:^|[\s;}(])@[\w$(]/.test(withoutComments)) return undefined
  const folder = mkdtempSync(join(tmpdir(), "pgq-script-"))
  const copy = join(folder, "script.mjs")
  writeFileSync(copy, code)
  const { status, stderr } = spawnSync(process.execPath, ["--check", copy], { encoding: "utf8" })
  rmSync(folder, { recursive: true, force: true })
  const [, line, text] = /:(\d+)\n(.*)\n/.exec(stderr) ?? []
  return status !== 0 && text?.includes("@") === true
    ? new SyntaxError(`Node runs no decorators: compile the script first (${path}:${line})`)
    : undefined
}
