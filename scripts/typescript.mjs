/**
 * Lets Node run TypeScript: `node --import ./scripts/typescript.mjs examples/hello.ts`.
 *
 * From 22.18 on Node does so by itself, and nothing is done here. Before that, the types are taken
 * out as each file is loaded.
 */
import amaro from "amaro"
import { readFile } from "node:fs/promises"
import { register } from "node:module"
import { isMainThread } from "node:worker_threads"

// Node loads its hooks on a thread of their own, from this same file.
export const load = (url, context, nextLoad) =>
  url.startsWith("file:") && url.endsWith(".ts")
    ? readFile(new URL(url), "utf8").then((text) => ({
      format: "module",
      shortCircuit: true,
      source: amaro.transformSync(text, { mode: "strip-only" }).code
    }))
    : nextLoad(url, context)

if (isMainThread && !process.features.typescript) register(import.meta.url)
