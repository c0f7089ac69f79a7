/**
 * All pages of the dashboard: whether people can read them who see little or use no mouse, and
 * whether they fit a phone.
 *
 * Tests `dashboard/`.
 */
import { assert, layer, vi } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
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

const assets = new URL("../../dist/dashboard/assets/", import.meta.url)

/** The bytes that a browser loads of these files. */
const bytesOf = (name: RegExp): number =>
  readdirSync(assets).filter((file) => name.test(file))
    .reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0)

layer(PgQueue.layer, options)("every page", (it) => {
  // Chromium comes from Debian, and not every machine has it.
  const inChromium = Chromium.isThere ? it.effect : it.effect.skip

  const given = Effect.gen(function*() {
    const session = yield* Session.open
    const queue = yield* queueName
    const worker = yield* session.worker(queue)
    const id = yield* session.insert({ queue, key: "k" })
    const { lease } = yield* session.claim({ queue, worker })
    yield* session.settleOther({ lease, id: String(id), outcome: "blocked", error: "no\nluck" })
    yield* Figures.add(queue)
    const operation = crypto.randomUUID()
    yield* session.sql`
      SELECT pgq.plan_operation(
        ${operation}::uuid, 'retry', ${[id]}::bigint[], NULL, 'a fix', 'ada', 'state:blocked'
      )
    `
    yield* session.sql`SELECT pgq.steer_operation(${operation}::uuid, 'run')`
    const dashboard = yield* Dashboard.open()
    return { ...dashboard, paths: Dashboard.paths(id, queue, operation) }
  })

  for (const colorScheme of ["light", "dark"] as const) {
    inChromium(
      `can be read by everybody in the ${colorScheme} theme${note}`,
      () =>
        Effect.gen(function*() {
          const { link, origin, paths } = yield* given
          const browser = yield* Chromium.launch
          // The policy of the page lets no script of a test in.
          const { page } = yield* Chromium.open(browser, origin, { colorScheme, bypassCSP: true })
          yield* step(() => page.goto(link))
          for (const path of [...paths, "/jobs?q=state:lost"]) {
            yield* step(() => page.goto(origin + path))
            yield* step(() => page.getByRole("heading", { level: 1 }).waitFor())
            yield* step(() => Chromium.isFilled(page))

            assert.deepStrictEqual(yield* Axe.violations(page), [], path)
          }
        })
    )
  }

  inChromium(
    `fits a phone, without a word from the browser's console${note}`,
    () =>
      Effect.gen(function*() {
        const { link, origin, paths } = yield* given
        const browser = yield* Chromium.launch
        const { mistakes, page } = yield* Chromium.open(browser, origin, {
          viewport: { width: 390, height: 800 }
        })
        yield* step(() => page.goto(link))
        for (const path of paths.filter((path) => path !== "/nothing-here")) {
          yield* step(() => page.goto(origin + path))
          yield* step(() => page.getByRole("heading", { level: 1 }).waitFor())
          yield* step(() => Chromium.isFilled(page))

          const width = yield* step(() =>
            page.evaluate<number>("document.documentElement.scrollWidth")
          )

          assert.isAtMost(width, 390, path)
        }
        assert.deepStrictEqual(mistakes, [])
      })
  )

  // They are opened over slow lines at three in the morning.
  it("loads at most 45 kB of script and 10 kB of style, and for charts 25 kB more", () => {
    assert.isAtMost(bytesOf(/^(?!plot-).*\.js$/), 45_000)
    assert.isAtMost(bytesOf(/\.css$/), 10_000)
    assert.isAtMost(bytesOf(/^plot-.*\.js$/), 25_000)
    // The size of uPlot, whose name in the file's name the test rests on.
    assert.isAtLeast(bytesOf(/^plot-.*\.js$/), 15_000)
  })
})
