/**
 * The charts of the dashboard, over figures that a real database has.
 *
 * Tests `dashboard/src/charts/`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer, vi } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { queueName } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Axe from "./Axe.ts"
import * as Chromium from "./Chromium.ts"
import * as Dashboard from "./Dashboard.ts"
import * as Figures from "./Figures.ts"

// A browser starts slowly on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const { note, step } = Chromium
const options = { excludeTestServices: true, timeout: "60 seconds" } as const

/** A queue with figures, and its page. Times are in UTC. */
const opened = Effect.fnUntraced(function*(context: Parameters<typeof Chromium.open>[2] = {}) {
  const queue = yield* queueName
  const minutes = yield* Figures.add(queue)
  const session = yield* Session.open
  yield* session.insert({ queue })
  const dashboard = yield* Dashboard.open()
  const browser = yield* Chromium.launch
  const tab = yield* Chromium.open(browser, dashboard.origin, { timezoneId: "UTC", ...context })
  yield* step(() => tab.page.goto(dashboard.link))
  yield* step(() => tab.page.getByRole("status").waitFor())
  const path = `/queue?${new URLSearchParams({ name: queue })}`
  yield* step(() => tab.page.goto(dashboard.origin + path))
  return { ...dashboard, ...tab, minutes, path, queue }
})

const clock = (at: Date) => at.toISOString().slice(11, 16)

const chart = (page: Page, title: string) =>
  page.locator("figure").filter({ has: page.getByRole("heading", { name: title }) }).first()

/** How many points of the drawing have a colour. */
const painted = (page: Page, title: string) =>
  step(() =>
    chart(page, title).locator("canvas").evaluate((canvas) => {
      const { height, width } = canvas as unknown as { height: number; width: number }
      const context = (canvas as unknown as {
        getContext: (kind: string) => {
          getImageData: (...area: ReadonlyArray<number>) => { data: ReadonlyArray<number> }
        }
      }).getContext("2d")
      const { data } = context.getImageData(0, 0, width, height)
      return Array.from(data).filter((value, place) => place % 4 === 3 && value > 0).length
    })
  )

layer(PgQueue.layer, options)("charts", (it) => {
  // Chromium comes from Debian, and not every machine has it.
  const inChromium = Chromium.isThere ? it.effect : it.effect.skip

  inChromium(
    `show the figures of the store, and the same ones as a table${note}`,
    () =>
      Effect.gen(function*() {
        const { minutes, mistakes, page } = yield* opened()
        const [, busy, last] = minutes
        const finished = chart(page, "Finished per minute")
        const drawing = finished.getByRole("img")

        yield* step(() => finished.locator("canvas").waitFor())
        const words = yield* step(() => drawing.getAttribute("aria-label"))
        assert.match(words ?? "", /^Finished per minute in the last hour\. completed: now 0, /)
        assert.include(words, `highest 1,234 at ${clock(busy!.at)}`)
        assert.include(words, `failed: now 0, lowest 0 at`)
        assert.isAbove(yield* painted(page, "Finished per minute"), 1000)

        for (const title of ["Finished per minute", "Jobs", "Waiting time"]) {
          yield* step(() => page.getByRole("button", { name: `${title}: show as a table` }).click())
        }
        const row = (title: string, at: Date) =>
          step(() =>
            chart(page, title).getByRole("row").filter({ hasText: clock(at) }).locator("td")
              .allTextContents()
          )
        for (const { at, completed, failed } of minutes) {
          assert.deepStrictEqual(
            yield* row("Finished per minute", at),
            [completed.toLocaleString("en"), String(failed)]
          )
        }
        assert.deepStrictEqual(yield* row("Jobs", last!.at), ["2,345", "0", "1", "0", "0"])
        assert.deepStrictEqual(yield* row("Waiting time", last!.at), ["7ms", "9ms", "10ms"])
        assert.deepStrictEqual(
          yield* row("Waiting time", new Date(last!.at.getTime() + 60_000)),
          ["–", "–", "–"]
        )
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `show the time under the pointer in all of them, and as long as asked${note}`,
    () =>
      Effect.gen(function*() {
        const { mistakes, origin, page, path, queue } = yield* opened()
        const over = chart(page, "Jobs").locator(".u-over")
        yield* step(() => chart(page, "Latency").locator("canvas").waitFor())

        yield* step(() => over.hover())
        const times = page.locator("figure .at")
        yield* step(() => times.filter({ hasText: /^\d\d:\d\d$/ }).nth(5).waitFor())
        assert.lengthOf(new Set(yield* step(() => times.allTextContents())), 1)

        yield* step(() => page.getByRole("button", { name: "24h" }).click())
        yield* step(() => page.getByRole("img", { name: /in the last 24 hours/ }).nth(5).waitFor())
        assert.strictEqual(page.url(), `${origin}${path}&range=24h`)
        yield* step(() => page.goBack())
        yield* step(() => page.getByRole("img", { name: /in the last hour/ }).nth(5).waitFor())

        yield* step(() => page.setViewportSize({ width: 390, height: 800 }))
        yield* step(() =>
          page.waitForFunction("document.querySelector('canvas').clientWidth < 370")
        )
        yield* step(() => page.getByRole("link", { name: "Overview" }).click())
        const line = page.getByRole("row").filter({ hasText: queue }).getByRole("img")
        const words = yield* step(() => line.getAttribute("aria-label"))
        assert.strictEqual(words, "Finished per minute: now 0, highest 1,241 in the last hour")

        const loaded: Array<string> = []
        page.on("request", (request) => void loaded.push(request.url()))
        yield* step(() => page.goto(`${origin}/workers`))
        yield* step(() =>
          page.getByRole("table", { name: "Workers" }).or(page.getByText("No worker")).first()
            .waitFor()
        )
        assert.isTrue(loaded.some((url) => url.endsWith(".js")))
        assert.isFalse(loaded.some((url) => url.includes("/plot-")))
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `can be seen and read as a table by everybody in both themes${note}`,
    () =>
      Effect.gen(function*() {
        const { page } = yield* opened({ colorScheme: "light", bypassCSP: true })
        yield* step(() => page.getByRole("button", { name: "Jobs: show as a table" }).click())
        const canvas = chart(page, "Finished per minute").locator("canvas")
        yield* step(() => canvas.waitFor())
        const light = yield* step(() => canvas.screenshot())
        assert.deepStrictEqual(yield* Axe.violations(page), [])

        yield* step(() => page.emulateMedia({ colorScheme: "dark" }))
        yield* step(() =>
          page.waitForFunction("new Promise((done) => requestAnimationFrame(done))")
        )

        assert.deepStrictEqual(yield* Axe.violations(page), [])
        assert.isFalse(light.equals(yield* step(() => canvas.screenshot())))
      })
  )

  inChromium(
    `say that they cannot be read or that there is nothing, and come when they can${note}`,
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const rename = (from: string, to: string) =>
          sql.unsafe(`ALTER FUNCTION pgq.${from} RENAME TO ${to}`)
        yield* rename("series_of", "series_away")
        const { mistakes, origin, page } = yield* opened()

        yield* step(() => page.getByText("The figures cannot be shown").nth(5).waitFor())
        yield* rename("series_away", "series_of")

        yield* step(() => chart(page, "Latency").locator("canvas").waitFor())
        yield* step(() => page.goto(`${origin}/queue?name=nobody`))
        yield* step(() => page.getByText("No run has ended in the last hour.").first().waitFor())
        yield* step(() =>
          page.getByText("No job has been seen in the last hour.").first().waitFor()
        )
        assert.isTrue(mistakes.every((text) => text.includes("500")), mistakes.join("\n"))
      })
  )
})
