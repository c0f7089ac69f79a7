/**
 * Module hooks for job scripts in TypeScript. They behave the same on every version of Node: a file
 * is read as JavaScript, and its imports are resolved as TypeScript does.
 */
import { readFile } from "node:fs/promises"
import type { LoadHook, ResolveHook } from "node:module"
import { fileURLToPath } from "node:url"
import * as ScriptPaths from "./ScriptPaths.ts"
import * as ScriptSource from "./ScriptSource.ts"

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
  const source = await ScriptSource.javaScript(await readFile(path, "utf8"), path)
  return { format: "module", shortCircuit: true, source }
}

const isTypeScript = (url: string): boolean =>
  url.startsWith("file:") && /\.m?ts$/.test(new URL(url).pathname)
