/**
 * Which scripts Node can read by itself.
 *
 * Tests `src/cli/script/ScriptSource.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { transformSync } from "amaro"
import * as ScriptSource from "../../src/cli/script/ScriptSource.ts"

const moreThanTypes = [
  "enum A { b = 7 }",
  "namespace N { export const a = 7 }",
  "module N { export const a = 7 }",
  "class P { constructor(readonly a: number) {} }",
  "class P extends Q { constructor(override a: number) { super() } }",
  "import path = require('node:path')",
  "import type path = require('node:path')",
  "export = 7",
  "const value = <number>(7 as unknown)",
  "const value = f(<number>7)",
  "const f = () => { return<number>7 }",
  "<number>seven",
  "class C { @d a = 7 }"
]

const typesAlone = [
  "export const setupJobs = (queue: JobQueue) => { queue.handle('a', (job: Job<string>) => {}) }",
  "interface A { b: 7 }",
  "type A = Array<Map<string, number>>",
  "const value = 7 satisfies number",
  "for (const a of f<number>()) if (a <= 7) g<string>(a)"
]

describe("a script", () => {
  it.each(moreThanTypes)("has more than types: %s", (text) => {
    assert.isFalse(ScriptSource.hasTypesAlone(text))
  })

  it.each(typesAlone)("has types alone: %s", (text) => {
    assert.isTrue(ScriptSource.hasTypesAlone(text))
    assert.isString(transformSync(text, { mode: "strip-only" }).code)
  })
})
