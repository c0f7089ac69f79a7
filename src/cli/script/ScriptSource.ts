/**
 * TypeScript as JavaScript. Types are replaced by spaces, so that lines and columns stay the same.
 * A file whose syntax is more than types is rewritten, with a source map.
 */
import type * as Amaro from "amaro"
import { Result } from "effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Whether the text certainly has no syntax of TypeScript but types. All other syntax has one of
 * these words or signs; a type in angle brackets may stand before a value.
 */
export const hasTypesAlone = (text: string): boolean =>
  !/\b(?:enum|namespace|module|private|protected|public|readonly|override)\b|@/.test(text) &&
  !/\b(?:import\s+(?:type\s+)?\w+|export)\s*=/.test(text) &&
  !/(?:^|[^\w$])<(?!=)|\b(?:await|case|delete|do|else|in|of|return|throw|typeof|void|yield)</m
    .test(text)

/** Nothing where amaro is not installed. */
export const javaScript = (
  text: string,
  path: string
): Result.Result<string, unknown> | undefined => {
  const compile = compiler()
  if (compile === undefined) return undefined
  const stripped = compile(text, { mode: "strip-only" })
  const isMoreThanTypes = / not supported in/.test(String(stripped.issue)) &&
    !/export assignment/.test(String(stripped.issue))
  const { code, issue, map } = isMoreThanTypes
    ? compile(text, { mode: "transform", sourceMap: true, filename: path })
    : stripped
  const error = code === undefined ? syntaxError(issue, path) : decoratorError(code, path)
  if (code === undefined || error !== undefined) return Result.fail(error)
  if (map === undefined) return Result.succeed(code)
  // Source maps cost time for every stack trace, so they are on only where there are some.
  process.setSourceMapsEnabled(true)
  return Result.succeed(`${preamble(text)}${code}\n${inline(map)}\n`)
}

type Options = Parameters<typeof Amaro.transformSync>[1]

/** Loaded only for TypeScript, because that takes a while. */
const compiler = () => {
  try {
    const { transformSync }: typeof Amaro = createRequire(import.meta.url)("amaro")
    return (text: string, options: Options) => {
      try {
        const { code, map } = transformSync(text, options)
        return { code, map, issue: undefined }
      } catch (issue) {
        return { code: undefined, map: undefined, issue }
      }
    }
  } catch (error) {
    if (/Cannot find module 'amaro'/.test(String(error))) return undefined
    return Result.getOrThrowWith(Result.fail(error), (error) => error)
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
