/**
 * Module hooks for job scripts in TypeScript: a file is read as JavaScript, and its imports are
 * resolved as TypeScript does. With the package amaro they behave the same on every version of
 * Node. Without it, Node itself reads the files, which older versions cannot.
 */
import { readFile } from "node:fs/promises"
import type { LoadHook, ResolveHook } from "node:module"
import { features } from "node:process"
import { fileURLToPath } from "node:url"
import * as ScriptPaths from "./ScriptPaths.ts"

export const resolve: ResolveHook = async (name, context, nextResolve) => {
  const parent = context.parentURL ?? ""
  if (!isTypeScript(parent)) return nextResolve(name, context)
  const from = fileURLToPath(parent)
  const alias = ScriptPaths.aliased(name, from)
  if (alias !== undefined) return nextResolve(alias, context)
  try {
    return await nextResolve(name, context)
  } catch (error) {
    const near = ScriptPaths.near(name, from)
    return near === undefined ? Promise.reject(error) : nextResolve(near, context)
  }
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!isTypeScript(url)) return nextLoad(url, context)
  const path = fileURLToPath(url)
  const ScriptSource = await compiler
  if (ScriptSource === undefined) {
    return features.typescript ? nextLoad(url, context) : Promise.reject(new Error(missing))
  }
  const source = await ScriptSource.javaScript(await readFile(path, "utf8"), path)
  return { format: "module", shortCircuit: true, source }
}

/** Nothing where amaro is not installed. */
const compiler = import("./ScriptSource.ts").catch((error: unknown) =>
  /Cannot find package 'amaro'/.test(String(error)) ? undefined : Promise.reject(error)
)

const missing = "this Node reads no TypeScript by itself; npm install amaro@0.1 brings what does"

const isTypeScript = (url: string): boolean =>
  url.startsWith("file:") && /\.m?ts$/.test(new URL(url).pathname)
