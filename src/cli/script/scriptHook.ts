/**
 * Module hooks for job scripts in TypeScript: a file is read as JavaScript, and its imports are
 * resolved as TypeScript does. With the package amaro they behave the same on every version of
 * Node. Without it, Node itself reads the files, which older versions cannot.
 */
import { Result } from "effect"
import { readFileSync } from "node:fs"
import * as Module from "node:module"
import { features, versions } from "node:process"
import { fileURLToPath } from "node:url"
import * as ScriptPaths from "./ScriptPaths.ts"
import * as ScriptSource from "./ScriptSource.ts"

/** Node 20 runs hooks only in a thread of their own. That makes a start slower. */
export const install = (): void => {
  if (Module.registerHooks !== undefined) return void Module.registerHooks({ resolve, load })
  // The thread cannot tell whether a file has a source map.
  process.setSourceMapsEnabled(true)
  Module.register("../script/scriptHookThread.js", import.meta.url)
}

const resolve: Module.ResolveHookSync = (name, context, next) => {
  const parent = context.parentURL ?? ""
  const alias = aliased(name, parent)
  if (alias !== undefined) return next(alias, context)
  try {
    return next(name, context)
  } catch {
    // Without such a file, this fails as the first time.
    return next(near(name, parent), context)
  }
}

const load: Module.LoadHookSync = (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context)
  const path = fileURLToPath(url)
  const text = readFileSync(path, "utf8")
  // Node keeps what it has read in its cache of compiled code, and loading amaro takes a while.
  return isReadByNode(path) && ScriptSource.hasTypesAlone(text)
    ? next(url, { ...context, format: "module-typescript" })
    : compiled(text, path) ?? next(url, context)
}

/** The URL of the file that a TypeScript file's tsconfig.json means by the name. */
export const aliased = (name: string, parent: string): string | undefined =>
  isTypeScript(parent) ? ScriptPaths.aliased(name, fileURLToPath(parent)) : undefined

/** The URL of a file beside a TypeScript file, or else the name. */
export const near = (name: string, parent: string): string =>
  (isTypeScript(parent) ? ScriptPaths.near(name, fileURLToPath(parent)) : undefined) ?? name

/** A TypeScript file as JavaScript. Node reads all other files. */
export const read = (url: string): Module.LoadFnOutput | undefined => {
  if (!isTypeScript(url)) return undefined
  const path = fileURLToPath(url)
  return compiled(readFileSync(path, "utf8"), path)
}

const compiled = (text: string, path: string): Module.LoadFnOutput | undefined => {
  const source = ScriptSource.javaScript(text, path)
  if (source === undefined && features.typescript) return undefined
  return {
    format: "module",
    shortCircuit: true,
    source: Result.getOrThrowWith(source ?? Result.fail(new Error(missing)), (error) => error)
  }
}

const [major = 0, minor = 0] = versions.node.split(".").map(Number)

/**
 * Node 24.3 is the first to read TypeScript without a warning, unless a flag forbids it. No version
 * reads the TypeScript of packages.
 */
const isReadByNode = (path: string): boolean =>
  features.typescript !== false && (major > 24 || (major === 24 && minor >= 3)) &&
  !path.includes("/node_modules/")

const missing = "this Node reads no TypeScript by itself; npm install amaro@0.1 brings what does"

const isTypeScript = (url: string): boolean =>
  url.startsWith("file:") && /\.m?ts$/.test(new URL(url).pathname)
