/**
 * Steps for many jobs on the pages of the dashboard: planned, looked at, run, stopped and undone.
 *
 * Tests `dashboard/src/pages/Operation.tsx`, `dashboard/src/parts/` and `dashboard/src/state/`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer, vi } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import type { Browser } from "playwright-core"
import * as Access from "../../src/http/Access.ts"
import { queueName } from "../Given.ts"
import * as HeldOperations from "../support/HeldOperations.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Chromium from "./Chromium.ts"
import * as Keyboard from "./Keyboard.ts"
import * as OwnServer from "./OwnServer.ts"

// A browser starts slowly on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const { note, step } = Chromium
const options = { excludeTestServices: true, timeout: "60 seconds" } as const

/** One server and one browser for all tests. */
class Shared extends Context.Service<Shared, {
  readonly server: Effect.Success<typeof OwnServer.open>
  readonly browser: Browser
}>()("pgq/test/browser/SharedByOperations") {}

const shared = Layer.effect(
  Shared,
  Effect.gen(function*() {
    return { server: yield* OwnServer.open, browser: yield* Chromium.launch }
  })
)

/** A page of the dashboard. */
const opened = Effect.fnUntraced(function*(path: string) {
  const { browser, server: { origin } } = yield* Shared
  const tab = yield* Chromium.open(browser, origin)
  yield* step(() => tab.page.goto(origin + path))
  const { page } = tab
  return {
    ...tab,
    ...Keyboard.of(page),
    origin,
    said: (text: string) => step(() => page.getByRole("status").getByText(text).waitFor()),
    button: (name: string) => page.getByRole("button", { name, exact: true })
  }
})

/** Jobs of a queue that have failed for good, with errors of one group. */
const failed = Effect.fnUntraced(function*(count: number) {
  const queue = yield* queueName
  const session = yield* Session.open
  const worker = yield* session.worker(queue)
  for (let n = 0; n < count; n++) {
    const id = yield* session.insert({ queue })
    const { lease } = yield* session.claim({ queue, worker })
    const error = `CardDeclined: order ${n} at the bank`
    yield* session.settleOther({ lease, id: String(id), outcome: "failed", error })
  }
  return queue
})

/** Jobs of a queue that are ready. */
const ready = Effect.fnUntraced(function*(count: number) {
  const queue = yield* queueName
  const sql = yield* PgClient.PgClient
  yield* sql`
    INSERT INTO pgq.jobs (queue, name) SELECT ${queue}, 'test' FROM generate_series(1, ${count})
  `
  return queue
})

/** The number of jobs of a queue that have not ended. */
const unfinished = (queue: string) =>
  Effect.map(
    PgClient.PgClient.use((sql) =>
      sql<{ n: number }>`SELECT count(*)::integer AS n FROM pgq.jobs WHERE queue = ${queue}`
    ),
    ([row]) => row!.n
  )

const search = (queue: string) => `/jobs?${new URLSearchParams({ q: `queue:${queue}` })}`

layer(Layer.provideMerge(shared, PgQueue.layer), options)("operations in the dashboard", (it) => {
  // Chromium comes from Debian, and not every machine has it.
  const inChromium = Chromium.isThere ? it.effect : it.effect.skip

  inChromium(
    `plan a retry of failed jobs, run it, and undo it, by keyboard${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* failed(3)
        const query = `state:failed,crashed,retry,blocked queue:${queue} name:test ` +
          "error:\"CardDeclined: order\""
        const path = `/failures?${new URLSearchParams({ queue })}`
        const { focusOn, mistakes, page, press, said } = yield* opened(path)

        yield* focusOn(/^Retry … the jobs of test: CardDeclined/, "button")
        yield* press("Enter")
        yield* step(() => page.getByRole("dialog").getByText(query).waitFor())
        yield* focusOn("Show the plan", "button")
        yield* press("Enter")
        yield* said("Nothing is changed yet.")
        yield* step(() => page.locator("h1:focus").waitFor())
        const plan = page.getByRole("table", { name: "The plan" }).locator("tbody")
        const cells = yield* step(() => plan.locator("tr > *").allInnerTexts())
        assert.deepStrictEqual(
          cells,
          ["failed", "3", queue, "test", "takes them", "can be undone"]
        )
        assert.strictEqual(yield* unfinished(queue), 0)

        yield* focusOn("Run …", "button")
        yield* press("Enter")
        yield* focusOn("Retry them", "button")
        yield* press("Enter")
        yield* said("3 jobs changed, 0 skipped.")
        assert.strictEqual(yield* unfinished(queue), 3)

        yield* focusOn("Undo …", "button")
        yield* press("Enter")
        yield* focusOn("Put them back", "button")
        yield* press("Enter")
        yield* said("3 jobs put back, of 3 that were changed")
        assert.strictEqual(yield* unfinished(queue), 0)
        yield* step(() =>
          page.getByRole("table", { name: "Jobs" }).getByText("put back").first().waitFor()
        )
        yield* focusOn("Operations", "link")
        yield* press("Enter")
        yield* step(() => page.getByRole("link", { name: "retry 3 jobs" }).first().waitFor())
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `want the number of many jobs typed, and go on when the page is loaded anew${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* ready(1001)
        const { button, mistakes, page, said } = yield* opened(search(queue))

        yield* step(() => button("Discard all …").click())
        yield* step(() => page.getByLabel("Reason").fill("a mistake"))
        yield* step(() => button("Show the plan").click())
        yield* said("Nothing is changed yet.")
        yield* step(() => page.getByText(": a mistake").waitFor())
        yield* step(() => button("Run …").click())
        const typed = page.getByLabel("Type 1001 to go on")
        yield* step(() => typed.fill("1000"))
        yield* step(() => button("Discard them").click())
        assert.isTrue(yield* step(() => typed.evaluate((it) => it.matches(":invalid"))))

        const gate = yield* HeldOperations.close
        yield* step(() => typed.fill("1001"))
        yield* step(() => button("Discard them").click())
        yield* gate.isReached
        yield* step(() => page.getByRole("dialog").waitFor({ state: "hidden" }))
        yield* step(() => page.reload())
        yield* said("It runs. 0 of 1,001 jobs had their turn.")
        yield* gate.open

        yield* said("1,001 jobs changed, 0 skipped.")
        assert.strictEqual(yield* unfinished(queue), 0)
        yield* step(() => button("Next jobs").click())
        yield* step(() => button("Previous jobs").waitFor())
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `stop, and go on where they have stopped${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* ready(3)
        const { button, page, said } = yield* opened(search(queue))

        yield* step(() => button("Cancel all …").click())
        yield* step(() => button("Show the plan").click())
        yield* step(() => button("Run …").waitFor())
        // Another server has begun with it, and is gone.
        const sql = yield* PgClient.PgClient
        const id = new URL(page.url()).searchParams.get("id")
        yield* sql`SELECT pgq.steer_operation(${id}::uuid, 'run')`

        yield* step(() => button("Stop the run").click())
        yield* said("It is stopped. 0 of 3 jobs had their turn.")
        assert.strictEqual(yield* unfinished(queue), 3)

        yield* step(() => button("Go on …").click())
        yield* step(() => button("Go on").click())
        yield* said("3 jobs changed, 0 skipped.")
        assert.strictEqual(yield* unfinished(queue), 0)
      })
  )

  inChromium(
    `are planned once, though the answer was lost${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* ready(2)
        const { origin, page } = yield* opened(search(queue))
        let lost = 0
        yield* step(() =>
          page.route(`${origin}/api/v1/operations`, async (route) => {
            if (lost === 1) return route.continue()
            lost += 1
            await route.fetch()
            await route.abort()
          })
        )
        yield* step(() => page.getByRole("button", { name: "Discard all …" }).click())
        const show = page.getByRole("button", { name: "Show the plan" })
        yield* step(() => show.click())
        yield* step(() => page.getByText("the server cannot be reached").waitFor())
        yield* step(() => show.click())
        yield* step(() => page.getByText("Nothing is changed yet.").waitFor())

        const sql = yield* PgClient.PgClient
        const plans = yield* sql`
          SELECT id FROM pgq.operations WHERE query = ${`queue:${queue}`}
        `
        assert.lengthOf(plans, 1)
        assert.strictEqual(lost, 1)
      })
  )

  inChromium(
    `have no buttons for those who may only look${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* failed(1)
        const { browser } = yield* Shared
        const { origin } = yield* OwnServer.openAs(Access.readOnly("bob"))
        const id = crypto.randomUUID()
        const sql = yield* PgClient.PgClient
        yield* sql`
          SELECT pgq.plan_operation(${id}::uuid, 'retry', '{1}'::bigint[], NULL, NULL, 'ada', NULL)
        `
        const { page } = yield* Chromium.open(browser, origin)
        for (const path of [`/operation?id=${id}`, `/failures?queue=${queue}`, search(queue)]) {
          yield* step(() => page.goto(origin + path))
          yield* step(() => page.getByRole("table").first().waitFor())
          const buttons = yield* step(() => page.getByRole("button", { name: /…/ }).count())
          assert.strictEqual(buttons, 0, path)
        }
      })
  )
})
