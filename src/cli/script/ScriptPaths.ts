/**
 * Resolves the imports of a TypeScript file that Node cannot: aliases of the nearest tsconfig.json,
 * and names without a file ending.
 */
import { readFileSync, statSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** The URL of the file that `paths` or `baseUrl` resolves this name to. */
export const aliased = (name: string, from: string): string | undefined => {
  if (/^[./#]|^[a-z]+:/.test(name)) return undefined
  const config = nearestConfig(dirname(from))
  if (config === undefined) return undefined
  for (const [pattern, targets] of config.paths) {
    const [head = "", tail] = pattern.split("*")
    const isMatch = tail === undefined
      ? name === head
      : name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail)
    if (!isMatch) continue
    const rest = tail === undefined ? "" : name.slice(head.length, name.length - tail.length)
    const found = targets.map((target) => fileAt(resolve(config.base, target.replace("*", rest))))
      .find((url) => url !== undefined)
    if (found !== undefined) return found
  }
  return config.hasBaseUrl ? fileAt(resolve(config.base, name)) : undefined
}

/** The URL of a file beside this one: `./a` and `./a.js` may be written for `./a.ts`. */
export const near = (name: string, from: string): string | undefined =>
  /^\.{0,2}\//.test(name) ? fileAt(resolve(dirname(from), name)) : undefined

const fileAt = (path: string): string | undefined => {
  const found = [
    path,
    path.replace(/\.(m?)js$/, ".$1ts"),
    ...[".ts", ".mts", ".js", ".mjs", "/index.ts", "/index.js"].map((ending) => path + ending)
  ].find(isFile)
  return found === undefined ? undefined : pathToFileURL(found).href
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true

interface Config {
  readonly base: string
  readonly hasBaseUrl: boolean
  readonly paths: ReadonlyArray<readonly [pattern: string, targets: ReadonlyArray<string>]>
}

const nearestConfig = (folder: string): Config | undefined => {
  if (configs.has(folder)) return configs.get(folder)
  const path = join(folder, "tsconfig.json")
  const config = isFile(path)
    ? read(path, 0)
    : dirname(folder) === folder
    ? undefined
    : nearestConfig(dirname(folder))
  configs.set(folder, config)
  return config
}

const configs = new Map<string, Config | undefined>()

/**
 * Reads a config and the file that its `extends` names. A config that cannot be read has no
 * aliases.
 */
const read = (path: string, depth: number): Config | undefined => {
  const json = parsed(path)
  const options = property(json, "compilerOptions")
  const baseUrl = property(options, "baseUrl")
  const paths = property(options, "paths")
  const parents = [property(json, "extends")].flat()
    .filter((parent) => typeof parent === "string" && /^[./]/.test(parent))
    .map((parent) => resolve(dirname(path), String(parent).replace(/(?:\.json)?$/, ".json")))
  const inherited = depth > 10
    ? undefined
    : parents.map((parent) => read(parent, depth + 1)).findLast((parent) => parent !== undefined)
  const hasBaseUrl = typeof baseUrl === "string"
  if (!hasBaseUrl && typeof paths !== "object") return inherited
  const base = hasBaseUrl
    ? isAbsolute(baseUrl) ? baseUrl : resolve(dirname(path), baseUrl)
    : typeof paths === "object"
    ? dirname(path)
    : inherited?.base ?? dirname(path)
  return {
    base,
    hasBaseUrl,
    paths: typeof paths === "object" && paths !== null
      ? Object.entries(paths).flatMap(([pattern, targets]: [string, unknown]) =>
        Array.isArray(targets) ? [[pattern, targets.map(String)] as const] : []
      )
      : inherited?.paths ?? []
  }
}

/** A tsconfig is JSON with comments and trailing commas. */
const parsed = (path: string): unknown => {
  try {
    const text = readFileSync(path, "utf8").replace(
      /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g,
      (_, string: string | undefined) => string ?? ""
    )
    return JSON.parse(text.replace(
      /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g,
      (_, string: string | undefined) => string ?? ""
    ))
  } catch {
    return undefined
  }
}

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
