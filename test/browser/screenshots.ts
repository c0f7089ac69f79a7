/**
 * Takes the pictures of docs/dashboard.md, of a dashboard that runs: `npm start -- --stay` prints
 * its address. With the database of the schema, it has the figures of a busy week in its charts:
 * figures.sql replaces those that there are.
 *
 *     node --import ./scripts/typescript.mjs test/browser/screenshots.ts ADDRESS [DATABASE]
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { mkdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright-core"
import { isFilled } from "./Chromium.ts"

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url))
const [, , link = "", database] = process.argv

const figures = readFileSync(new URL("figures.sql", import.meta.url), "utf8").split(/;\n/)
  .filter((statement) => statement.trim() !== "")

if (database !== undefined) {
  await Effect.runPromise(
    PgClient.PgClient.use((sql) =>
      Effect.forEach(
        ["SET search_path = pgq_index_files", ...figures],
        (statement) => Effect.asVoid(sql.unsafe(statement))
      )
    ).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(database), maxConnections: 1 }))
    )
  )
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"]
})

const take = async (name: string, path: string, options: {
  readonly width: number
  readonly theme: "light" | "dark"
  /** As much as the page has of height, in place of what a screen shows at once. */
  readonly isWhole?: boolean
}) => {
  const context = await browser.newContext({
    viewport: { width: options.width, height: options.width < 500 ? 800 : 560 },
    colorScheme: options.theme
  })
  const page = await context.newPage()
  await page.goto(link)
  await page.getByRole("status").waitFor()
  if (path === "job") {
    await page.getByRole("link", { name: /^report \d+$/ }).click()
    await page.getByText("LedgerIsOpen").first().waitFor()
  } else {
    await page.goto(new URL(path, link).href)
    await page.getByRole("heading", { level: 1 }).waitFor()
    await isFilled(page)
    await page.waitForTimeout(500)
  }
  await page.screenshot({ path: `${folder}${name}.png`, fullPage: options.isWhole ?? false })
  await context.close()
}

mkdirSync(folder, { recursive: true })
const light = { width: 1280, theme: "light" } as const
const dark = { width: 1280, theme: "dark" } as const
await take("overview-light", "", light)
await take("overview-dark", "", dark)
await take("charts-light", "?range=1h", { ...light, isWhole: true })
await take("charts-dark", "queue?name=mail&range=6h", { ...dark, isWhole: true })
await take("charts-phone", "queue?name=mail&range=24h", {
  width: 390,
  theme: "light",
  isWhole: true
})
await take("overview-768", "", { width: 768, theme: "light" })
await take("overview-phone", "", { width: 390, theme: "dark" })
await take("queue", "queue?name=mail", light)
await take("job", "job", dark)
await take("lanes", "lanes", light)
await take("jobs", "jobs?q=name:report", light)
await take("workers-phone", "workers", { width: 390, theme: "light" })
await take("database", "database", dark)
await browser.close()
