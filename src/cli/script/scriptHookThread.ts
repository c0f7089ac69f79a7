/**
 * The hooks of `scriptHook` for a thread of Node 20.
 */
import type { LoadHook, ResolveHook } from "node:module"
import * as scriptHook from "./scriptHook.ts"

export const resolve: ResolveHook = async (name, context, next) => {
  const parent = context.parentURL ?? ""
  const alias = scriptHook.aliased(name, parent)
  if (alias !== undefined) return next(alias, context)
  try {
    return await next(name, context)
  } catch {
    return next(scriptHook.near(name, parent), context)
  }
}

export const load: LoadHook = async (url, context, next) =>
  scriptHook.read(url) ?? next(url, context)
