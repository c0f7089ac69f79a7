/**
 * Chromium, and pages in it whose mistakes are kept. Needs Debian's package `chromium`; without it
 * the tests of the dashboard say that they are skipped.
 */
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path))

export const isThere = program !== undefined

/** Stands behind the title of a test that needs Chromium. */
export const note = isThere ? "" : " (skipped: chromium is not installed)"

export const launch = Effect.acquireRelease(
  Effect.promise(() =>
    chromium.launch({
      executablePath: program ?? "",
      args: [
        // The shared memory of a container is small.
        "--disable-dev-shm-usage",
        // Chromium refuses to run as root with a sandbox.
        ...process.getuid?.() === 0 ? ["--no-sandbox"] : []
      ]
    })
  ),
  (browser) => Effect.promise(() => browser.close())
)

/** A page with cookies of its own, and everything that went wrong in it. */
export interface Tab {
  readonly page: Page
  /** Errors, warnings, violations of the policy, and requests to other addresses. */
  readonly mistakes: ReadonlyArray<string>
}

export const open = Effect.fnUntraced(function*(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {}
) {
  const context = yield* Effect.acquireRelease(
    Effect.promise(() => browser.newContext(options)),
    (context) => Effect.promise(() => context.close())
  )
  const page = yield* Effect.promise(() => context.newPage())
  page.setDefaultTimeout(20_000)
  const mistakes: Array<string> = []
  page.on("console", (message) => void mistakes.push(`${message.type()}: ${message.text()}`))
  page.on("pageerror", (error) => void mistakes.push(String(error)))
  page.on("request", (request) => {
    const url = request.url()
    if (!url.startsWith(origin)) mistakes.push(`request to ${url}`)
  })
  return { page, mistakes } satisfies Tab
})

/** Runs a step of the driver, which waits for what it needs. */
export const step = <A>(run: () => Promise<A>): Effect.Effect<A> => Effect.promise(run)

/** Waits until the page shows what it has asked for. The stream of looks never ends. */
export const isFilled = (page: Page): Promise<void> =>
  page.getByText(/^Looking (?:at|for) /).first().waitFor({ state: "hidden" })
