/**
 * The violations that axe finds on a page. The page must be opened without its policy, which lets
 * no script of a test in.
 */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Page } from "playwright-core"
import { step } from "./Chromium.ts"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

export const violations = Effect.fnUntraced(function*(page: Page) {
  yield* step(() => page.addScriptTag({ content: axe }))
  return yield* step(() =>
    page.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => " +
        "`${id} (${impact}): ${nodes.map(({ html }) => html).join(' ')}`))"
    )
  )
})
