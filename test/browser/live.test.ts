/**
 * The dashboard while it is open: in many tabs, in none that is seen, and without a database.
 *
 * Tests `dashboard/src/state/` and `src/http/Live.ts`.
 */
import { assert, layer, vi } from "@effect/vitest"
import { Context, Effect, Layer, Schedule } from "effect"
import type { Browser, Page } from "playwright-core"
import { queueName } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Chromium from "./Chromium.ts"
import * as OwnServer from "./OwnServer.ts"

// On a busy machine a look takes long, and the next one comes after half a minute.
vi.setConfig({ testTimeout: 240_000 })
const patience = 60_000

const { note, step } = Chromium
const options = { excludeTestServices: true, timeout: "60 seconds" } as const

/** Asks again until it is so. */
const until = (isSo: () => boolean) =>
  Effect.repeat(Effect.sync(isSo), { until: (is) => is, schedule: Schedule.spaced("50 millis") })

/** Lets the page believe that its tab is hidden, or seen: Chromium without a screen shows all. */
const seem = (page: Page, isHidden: boolean) =>
  step(() =>
    page.evaluate(
      `Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });` +
        "document.dispatchEvent(new Event(\"visibilitychange\"))"
    )
  )

/** One server and one browser for all tests. */
class Shared extends Context.Service<Shared, {
  readonly server: Effect.Success<typeof OwnServer.open>
  readonly browser: Browser
}>()("pgq/test/browser/Shared") {}

const shared = Layer.effect(
  Shared,
  Effect.gen(function*() {
    return { server: yield* OwnServer.open, browser: yield* Chromium.launch }
  })
)

const opened = Effect.fnUntraced(function*(count: number) {
  const { browser, server } = yield* Shared
  // The streams of the test before end when its tabs are closed.
  yield* until(() => server.streams.open === 0)
  const before = server.streams.begun
  const tab = yield* Chromium.open(browser, server.origin)
  const pages = [tab.page]
  for (let n = 1; n < count; n++) pages.push(yield* step(() => tab.page.context().newPage()))
  const show = (page: Page) => {
    page.setDefaultTimeout(patience)
    return Effect.andThen(
      step(() => page.goto(server.origin)),
      step(() => page.locator(".age.live").waitFor())
    )
  }
  // The first tab leads.
  yield* show(tab.page)
  yield* until(() => server.streams.open === 1)
  yield* Effect.forEach(pages.slice(1), show, { concurrency: 4 })
  return { ...server, ...tab, pages, begun: () => server.streams.begun - before }
})

const rowOf = (page: Page, queue: string) =>
  step(() => page.getByRole("row").filter({ hasText: queue }).waitFor())

layer(Layer.provideMerge(shared, PgQueue.layer), options)("the open dashboard", (it) => {
  // Chromium comes from Debian, and not every machine has it.
  const inChromium = Chromium.isThere ? it.effect : it.effect.skip

  inChromium(
    `has one stream for ten tabs, and none when all are hidden${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const { begun, mistakes, pages, streams } = yield* opened(10)
        yield* until(() => streams.open === 1)
        const asked = streams.overviews

        const session = yield* Session.open
        yield* session.insert({ queue })
        for (const page of pages) yield* rowOf(page, queue)

        assert.deepStrictEqual([streams.open, begun(), streams.overviews - asked], [1, 1, 0])
        assert.deepStrictEqual(mistakes, [])

        // The tab that leads is hidden first, and another one takes its place.
        yield* seem(pages[0]!, true)
        yield* until(() => begun() === 2)
        assert.strictEqual(streams.open, 1)
        for (const page of pages) yield* seem(page, true)
        yield* until(() => streams.open === 0)

        const later = yield* queueName
        yield* session.insert({ queue: later })
        yield* seem(pages[3]!, false)
        yield* rowOf(pages[3]!, later)
        yield* until(() => streams.open === 1)
      })
  )

  inChromium(
    `says how old its figures are without a database, and goes on by itself${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const { begun, page, startDatabase, stopDatabase } = yield* opened(1)

        yield* stopDatabase
        yield* step(() => page.getByText(/the page tries again by itself/).waitFor())
        yield* step(() => page.locator(".age.old").waitFor())
        assert.isTrue(yield* step(() => page.getByRole("table", { name: "Queues" }).isVisible()))

        const session = yield* Session.open
        yield* session.insert({ queue })
        yield* startDatabase
        yield* step(() => page.locator(".age.live").waitFor())
        yield* rowOf(page, queue)
        assert.strictEqual(
          yield* step(() => page.getByText(/the page tries again/).count()),
          0
        )
        assert.strictEqual(begun(), 1)
      })
  )

  inChromium(
    `asks every few seconds where no stream comes through${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const { origin, page } = yield* opened(1)
        yield* step(() => page.route("**/api/v1/live", () => {}))
        yield* step(() => page.goto(origin))
        yield* step(() => page.getByRole("status").waitFor())

        const session = yield* Session.open
        yield* session.insert({ queue })

        yield* rowOf(page, queue)
      })
  )

  inChromium(
    `is used by keys, which do nothing while the person types${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const session = yield* Session.open
        yield* session.insert({ queue })
        const { mistakes, page } = yield* opened(1)
        const press = (...keys: ReadonlyArray<string>) =>
          Effect.forEach(keys, (key) => step(() => page.keyboard.press(key)), { discard: true })
        const heading = (name: string) =>
          step(() => page.getByRole("heading", { name, level: 1 }).waitFor())
        yield* rowOf(page, queue)

        yield* press("g", "w")
        yield* heading("Workers")
        yield* press("g", "o")
        yield* heading("Overview")
        yield* press("j", "j", "k", "Enter")
        yield* heading((yield* step(() => page.locator("h1").textContent())) ?? "")
        assert.include(page.url(), "/queue?name=")

        yield* press("?")
        yield* step(() => page.getByRole("dialog", { name: "Keys" }).waitFor())
        yield* press("g", "w", "Escape")
        yield* step(() => page.getByRole("dialog").waitFor({ state: "hidden" }))
        assert.include(page.url(), "/queue?name=")
        yield* press(".")
        yield* step(() => page.getByRole("button", { name: "Go on" }).waitFor())
        yield* press(".")
        yield* step(() => page.getByRole("button", { name: "Stop" }).waitFor())
        yield* press("t")
        yield* step(() => page.getByRole("button", { name: "light" }).waitFor())

        yield* step(() => page.getByRole("button", { name: "Pause …" }).click())
        yield* step(() => page.getByLabel("Reason").focus())
        yield* press("g", "w", ".", "t")
        assert.strictEqual(yield* step(() => page.getByLabel("Reason").inputValue()), "gw.t")
        assert.include(page.url(), "/queue?name=")
        yield* press("Escape")

        yield* step(() => page.getByRole("button", { name: "Keys" }).click())
        yield* step(() => page.getByLabel("Single keys").uncheck())
        yield* step(() => page.getByRole("button", { name: "Close" }).click())
        const focused = yield* step(() => page.evaluate("document.activeElement.ariaLabel"))
        assert.strictEqual(focused, "Keys")
        yield* step(() => page.reload())
        yield* step(() => page.locator(".age.live").waitFor())
        yield* press("t", "g", "w")
        assert.include(page.url(), "/queue?name=")
        assert.strictEqual(
          yield* step(() => page.getByRole("button", { name: "light" }).count()),
          1
        )
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `shows times as the person wants them, and keeps the choice${note}`,
    () =>
      Effect.gen(function*() {
        const session = yield* Session.open
        const queue = yield* queueName
        const worker = yield* session.worker(queue)
        const id = yield* session.insert({ queue, key: "k" })
        const { lease } = yield* session.claim({ queue, worker })
        yield* session.settleOther({ lease, id: String(id), outcome: "blocked", error: "no" })
        const { origin, page } = yield* opened(1)
        yield* step(() => page.goto(`${origin}/job?id=${id}`))
        const time = page.locator("time").first()
        const choice = page.getByRole("button", { name: /local|UTC|relative/ })

        for (
          const [zone, shape] of [["UTC", / UTC$/], ["relative", /^(in )?\d.*( ago)?$/]] as const
        ) {
          yield* step(() => choice.click())
          yield* step(() => page.reload())
          yield* step(() => time.waitFor())

          assert.include(yield* step(() => choice.textContent()), zone)
          assert.match((yield* step(() => time.textContent())) ?? "", shape)
          assert.match((yield* step(() => time.getAttribute("title"))) ?? "", /^\d{4}-.*Z$/)
        }
      })
  )
})
