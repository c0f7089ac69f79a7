/**
 * A module hook for Nodes that cannot read TypeScript by themselves: types are replaced by spaces,
 * so that lines and columns stay what they were.
 */
import { transformSync } from "amaro"
import { readFile } from "node:fs/promises"
import type { LoadHook } from "node:module"

export const load: LoadHook = (url, context, nextLoad) =>
  url.startsWith("file:") && /\.m?ts$/.test(new URL(url).pathname)
    ? readFile(new URL(url), "utf8")
      .then((text) => transformSync(text, { mode: "strip-only" }).code)
      .then((source) => ({ format: "module" as const, shortCircuit: true, source }))
      .catch((drawing: unknown) => Promise.reject(syntaxError(drawing, new URL(url).pathname)))
    : nextLoad(url, context)

/** The compiler throws a drawing of the place instead of an error. */
const syntaxError = (drawing: unknown, path: string): unknown => {
  if (typeof drawing !== "string") return drawing
  const what = /x (.+)/.exec(drawing)?.[1] ?? drawing
  const line = /^ *(\d+) \|.*\n *:/m.exec(drawing)?.[1]
  return new SyntaxError(`${what} (${path}${line === undefined ? "" : `:${line}`})`)
}
