/**
 * A page that is used by the keyboard alone.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { step } from "./Chromium.ts"

export const of = (page: Page) => {
  const press = (key: string) => step(() => page.keyboard.press(key))

  /** Presses Tab until the first link or button of this name has the focus. */
  const focusOn = Effect.fnUntraced(function*(name: string | RegExp, role: "link" | "button") {
    const wanted = page.getByRole(role, { name, exact: true }).first()
    yield* step(() => wanted.waitFor())
    for (let n = 0; n < 80; n++) {
      if (yield* step(() => wanted.evaluate((it) => it === it.ownerDocument.activeElement))) return
      yield* press("Tab")
    }
    assert.fail(`Tab does not reach ${name}`)
  })

  return { press, focusOn }
}
