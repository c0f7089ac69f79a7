/**
 * Takes the pictures of docs/dashboard.md, of a dashboard that runs: `npm start -- --stay` prints
 * its address.
 *
 *     node --import ./scripts/typescript.mjs test/browser/screenshots.ts ADDRESS
 */
import { mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright-core"
import { isFilled } from "./Chromium.ts"

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url))
const [, , link = ""] = process.argv

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"]
})

const take = async (name: string, path: string, options: {
  readonly width: number
  readonly theme: "light" | "dark"
}) => {
  const context = await browser.newContext({
    viewport: { width: options.width, height: options.width < 500 ? 800 : 560 },
    colorScheme: options.theme
  })
  const page = await context.newPage()
  await page.goto(link)
  await page.getByRole("status").waitFor()
  if (path.startsWith("job")) {
    await page.getByRole("link", { name: /^report \d+$/ }).click()
    await page.getByText("LedgerIsOpen").first().waitFor()
  } else {
    await page.goto(new URL(path, link).href)
    await page.getByRole("heading", { level: 1 }).waitFor()
    await isFilled(page)
    await page.waitForTimeout(500)
  }
  await page.screenshot({ path: `${folder}${name}.png` })
  await context.close()
}

mkdirSync(folder, { recursive: true })
const light = { width: 1280, theme: "light" } as const
const dark = { width: 1280, theme: "dark" } as const
await take("overview-light", "", light)
await take("overview-dark", "", dark)
await take("overview-768", "", { width: 768, theme: "light" })
await take("overview-phone", "", { width: 390, theme: "dark" })
await take("queue", "queue?name=mail", light)
await take("job", "job", dark)
await take("lanes", "lanes", light)
await take("workers-phone", "workers", { width: 390, theme: "light" })
await take("database", "database", dark)
await browser.close()
