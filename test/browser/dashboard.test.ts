/**
 * The dashboard in a real browser, on a real database.
 *
 * Tests `dashboard/` and `src/http/Page.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer, vi } from "@effect/vitest"
import { Effect } from "effect"
import { queueName } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Chromium from "./Chromium.ts"
import * as Dashboard from "./Dashboard.ts"
import * as Keyboard from "./Keyboard.ts"

// A browser starts slowly on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const { note, step } = Chromium
const options = { excludeTestServices: true, timeout: "60 seconds" } as const

/** A lane whose head has failed for good, and a job behind it. */
const blocked = Effect.fnUntraced(function*(queue: string) {
  const session = yield* Session.open
  const worker = yield* session.worker(queue)
  const id = yield* session.insert({ queue, key: "customer 7" })
  yield* session.insert({ queue, key: "customer 7" })
  const { lease } = yield* session.claim({ queue, worker })
  yield* session.settleOther({
    lease,
    id: String(id),
    outcome: "blocked",
    error: "CardDeclined: no luck\n  at the bank"
  })
  return id
})

const opened = Effect.fnUntraced(function*(
  args: ReadonlyArray<string> = [],
  context: Parameters<typeof Chromium.open>[2] = {}
) {
  const dashboard = yield* Dashboard.open(args)
  const browser = yield* Chromium.launch
  const tab = yield* Chromium.open(browser, dashboard.origin, context)
  yield* step(() => tab.page.goto(dashboard.link))
  return { ...dashboard, ...tab, browser }
})

layer(PgQueue.layer, options)("the dashboard", (it) => {
  // Chromium comes from Debian, and not every machine has it.
  const inChromium = Chromium.isThere ? it.effect : it.effect.skip

  inChromium(
    `takes the token out of its address, and says what is wrong${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        yield* blocked(queue)
        const { mistakes, origin, page } = yield* opened()

        yield* step(() => page.getByText(`1 lane of ${queue} is blocked`).first().waitFor())

        assert.strictEqual(page.url(), `${origin}/`)
        const cookies = yield* step(() => page.context().cookies())
        assert.deepStrictEqual(
          cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })),
          [{ httpOnly: true, sameSite: "Strict" }]
        )
        assert.deepStrictEqual(mistakes, [])
        // The session is kept when the page is loaded anew.
        yield* step(() => page.reload())
        yield* step(() => page.getByRole("table", { name: "Queues" }).waitFor())
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `asks for the token where none is given, and refuses a wrong one${note}`,
    () =>
      Effect.gen(function*() {
        const { link, origin } = yield* Dashboard.open()
        const browser = yield* Chromium.launch
        const { page } = yield* Chromium.open(browser, origin)
        yield* step(() => page.goto(origin))

        yield* step(() => page.getByLabel("The token").fill("wrong"))
        yield* step(() => page.getByRole("button", { name: "Go on" }).click())
        yield* step(() => page.getByRole("alert").waitFor())
        yield* step(() => page.getByLabel("The token").fill(link.split("token=")[1]!))
        yield* step(() => page.getByRole("button", { name: "Go on" }).click())

        yield* step(() => page.getByRole("status").waitFor())
      })
  )

  inChromium(`shows a job that comes while it is open${note}`, () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const { mistakes, page } = yield* opened()
      yield* step(() => page.getByRole("status").waitFor())
      const session = yield* Session.open

      yield* session.insert({ queue })

      const sql = yield* PgClient.PgClient
      const [sessions] = yield* sql<{ n: number }>`
        SELECT count(*)::integer AS n FROM pg_stat_activity
        WHERE application_name = 'pgq dashboard' AND datname = current_database()
      `
      assert.include([1, 2], sessions!.n)
      const row = page.getByRole("row").filter({ hasText: queue })
      yield* step(() => row.getByText("no worker").waitFor())
      assert.deepStrictEqual(mistakes, [])
    }))

  inChromium(
    `leads from a blocked lane to its job, and queues it again, by keyboard${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const id = yield* blocked(queue)
        const { mistakes, page } = yield* opened()
        const { focusOn, press } = Keyboard.of(page)

        yield* focusOn(`test ${id}`, "link")
        yield* press("Enter")
        yield* step(() => page.getByRole("heading", { name: `Job ${id}` }).waitFor())
        yield* focusOn("Run now …", "button")
        yield* press("Enter")
        yield* step(() => page.getByRole("dialog").waitFor())
        yield* focusOn("Run now", "button")
        yield* press("Enter")
        yield* step(() => page.getByRole("dialog").waitFor({ state: "hidden" }))

        const sql = yield* PgClient.PgClient
        const [job] = yield* sql`SELECT state FROM pgq.jobs WHERE id = ${id}`
        assert.deepStrictEqual(job, { state: "ready" })
        const focused = yield* step(() => page.evaluate("document.activeElement.textContent"))
        assert.strictEqual(focused, "Run now …")
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `leads from a blocked lane to all of it, and runs its head now${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const id = yield* blocked(queue)
        const { mistakes, origin, page } = yield* opened()

        yield* step(() => page.goto(`${origin}/lanes`))
        const row = page.getByRole("table", { name: "Lanes" }).getByRole("row")
          .filter({ hasText: queue })
        yield* step(() => row.getByRole("link", { name: "customer 7" }).first().click())
        yield* step(() => page.getByRole("heading", { name: "Lane customer 7" }).waitFor())
        yield* step(() => page.getByText("blocks its key: CardDeclined: no luck").waitFor())
        const behind = page.getByRole("table", { name: "Jobs behind the head" })
        yield* step(() => behind.getByRole("link", { name: `test ${id + 1n}` }).waitFor())
        yield* step(() => page.getByRole("button", { name: "Run now …" }).click())
        yield* step(() => page.getByRole("button", { name: "Run now", exact: true }).click())
        yield* step(() => page.getByText("ready", { exact: true }).waitFor())

        const sql = yield* PgClient.PgClient
        const [job] = yield* sql`SELECT state FROM pgq.jobs WHERE id = ${id}`
        assert.deepStrictEqual(job, { state: "ready" })
        yield* step(() => page.getByRole("link", { name: `test ${id}`, exact: true }).click())
        yield* step(() => page.getByRole("link", { name: "customer 7" }).click())
        yield* step(() => page.getByRole("heading", { name: "Lane customer 7" }).waitFor())
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(`pauses a queue with a reason, and resumes it${note}`, () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const session = yield* Session.open
      yield* session.insert({ queue })
      const { mistakes, origin, page } = yield* opened()
      yield* step(() => page.goto(`${origin}/queue?${new URLSearchParams({ name: queue })}`))

      yield* step(() => page.getByRole("button", { name: "Pause …" }).click())
      yield* step(() => page.getByLabel("Reason").fill("storage is full"))
      yield* step(() => page.getByRole("button", { name: "Pause", exact: true }).click())
      yield* step(() => page.getByText(": storage is full").waitFor())
      yield* step(() => page.getByRole("button", { name: "Resume …" }).click())
      yield* step(() => page.getByRole("button", { name: "Resume", exact: true }).click())

      yield* step(() => page.getByRole("button", { name: "Pause …" }).waitFor())
      const sql = yield* PgClient.PgClient
      assert.deepStrictEqual(yield* sql`SELECT * FROM pgq.pauses WHERE queue = ${queue}`, [])
      assert.deepStrictEqual(mistakes, [])
    }))

  inChromium(
    `shows names and errors as they are, whatever they hold${note}`,
    () =>
      Effect.gen(function*() {
        const name = `${(yield* queueName).slice(0, 4)}/a b?c#d %2e&<i>"'`
        const id = yield* blocked(name)
        const { mistakes, page } = yield* opened()

        yield* step(() => page.getByRole("link", { name, exact: true }).first().click())
        yield* step(() => page.getByRole("heading", { name, level: 1 }).waitFor())
        yield* step(() => page.reload())
        yield* step(() => page.getByRole("heading", { name, level: 1 }).waitFor())
        // The charts come in above the link, which moves away from under the mouse.
        yield* step(() => page.getByRole("link", { name: `test ${id}` }).press("Enter"))

        yield* step(() => page.getByText("CardDeclined: no luck").first().waitFor())
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `shows what fails, of all queues or of one, and leads to a job${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const quiet = yield* queueName
        const id = yield* blocked(queue)
        const session = yield* Session.open
        yield* session.insert({ queue: quiet })
        const { mistakes, origin, page } = yield* opened()

        yield* step(() => page.getByRole("link", { name: "Failures" }).click())
        const groups = page.getByRole("table", { name: "Failures" })
        yield* step(() => groups.getByText("CardDeclined: no luck").first().waitFor())
        yield* step(() => page.getByLabel("Queue").selectOption(quiet))
        yield* step(() => page.getByText(`No job of ${quiet} has failed since`).waitFor())
        yield* step(() => page.getByLabel("Queue").selectOption(queue))
        const row = groups.getByRole("row").filter({ hasText: "CardDeclined: no luck" })
        yield* step(() => row.waitFor())

        const { searchParams } = new URL(page.url())
        assert.deepStrictEqual([...searchParams], [["queue", queue]])
        const cells = yield* step(() => row.getByRole("cell").allTextContents())
        assert.deepStrictEqual(cells.slice(1, 7), ["1", "1", "1", "new", "0", "1"])
        yield* step(() => row.getByRole("link", { name: `job ${id}` }).click())
        yield* step(() => page.getByRole("heading", { name: `Job ${id}` }).waitFor())
        assert.strictEqual(new URL(page.url()).origin, origin)
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(
    `finds jobs by queue, state and id, and marks a mistake in a search${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const id = yield* blocked(queue)
        const { mistakes, page } = yield* opened()
        const search = (text: string) =>
          Effect.gen(function*() {
            yield* step(() => page.getByRole("searchbox").waitFor())
            yield* step(() => page.keyboard.press("/"))
            yield* step(() => page.locator("input[type=search]:focus").fill(text))
            yield* step(() => page.keyboard.press("Enter"))
          })
        const jobs = page.getByRole("table", { name: "Jobs" })
        const asked = () => new URL(page.url()).searchParams.get("q")

        yield* search(`queue:${queue}`)
        yield* step(() => page.getByText("2 found, and these are all.").waitFor())
        yield* step(() => page.getByRole("button", { name: "blocked" }).click())
        yield* step(() => page.getByText("1 found, and these are all.").waitFor())
        yield* step(() => page.locator("button:focus", { hasText: "blocked" }).waitFor())
        assert.strictEqual(asked(), `state:blocked queue:${queue}`)
        const row = yield* step(() => jobs.locator("tbody").innerText())
        for (const text of [String(id), "■ blocked", "customer 7", "CardDeclined: no luck"]) {
          assert.include(row, text)
        }

        yield* search(`queue:${queue} lost`)
        const alert = page.getByRole("alert")
        yield* step(() => alert.getByText(`At character ${queue.length + 8} of the `).waitFor())
        const mark = yield* step(() => page.locator("pre").textContent())
        assert.strictEqual(mark, `queue:${queue} lost\n${" ".repeat(queue.length + 7)}^`)
        assert.lengthOf(mistakes, 1)
        assert.match(mistakes[0]!, /status of 400/)

        yield* step(() => page.getByRole("link", { name: "Overview" }).click())
        yield* step(() => page.getByRole("heading", { name: "Overview" }).waitFor())
        yield* search(String(id))
        yield* step(() => page.getByRole("heading", { name: `Job ${id}` }).waitFor())
        assert.lengthOf(mistakes, 1)
      })
  )

  inChromium(
    `shows more jobs of a search, and leads to those of a failure${note}`,
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const many = yield* queueName
        const id = yield* blocked(queue)
        const session = yield* Session.open
        yield* Effect.forEach(Array.from({ length: 51 }), () => session.insert({ queue: many }))
        const { mistakes, origin, page } = yield* opened()
        const rows = page.getByRole("table", { name: "Jobs" }).locator("tbody tr")

        yield* step(() =>
          page.goto(`${origin}/jobs?${new URLSearchParams({ q: `queue:${many}` })}`)
        )
        yield* step(() => page.getByText("50 found; looked at ").waitFor())
        yield* step(() => page.getByRole("button", { name: "More jobs" }).click())
        yield* step(() => page.getByText("51 found, and these are all.").waitFor())
        assert.strictEqual(yield* step(() => rows.count()), 51)

        yield* step(() => page.goto(`${origin}/failures?${new URLSearchParams({ queue })}`))
        yield* step(() => page.getByRole("link", { name: "1: retry and blocked jobs" }).click())
        yield* step(() => page.getByText("1 found, and these are all.").waitFor())
        yield* step(() => rows.getByRole("link", { name: String(id), exact: true }).click())
        yield* step(() => page.getByRole("heading", { name: `Job ${id}` }).waitFor())
        assert.deepStrictEqual(mistakes, [])
      })
  )

  inChromium(`offers no change to those who may only read${note}`, () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* blocked(queue)
      const { origin, page } = yield* opened(["--read-only"])
      const pages = [`/job?id=${id}`, `/queue?${new URLSearchParams({ name: queue })}`]
      for (const path of pages) {
        yield* step(() => page.goto(origin + path))
        yield* step(() => page.getByRole("table").first().waitFor())

        assert.strictEqual(
          yield* step(() => page.getByRole("button", { name: / …$/ }).count()),
          0,
          path
        )
      }
    }))
})
