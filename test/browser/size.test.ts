/**
 * The size of the dashboard: pages are opened over slow lines at three in the morning.
 */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"

const folder = new URL("../../dist/dashboard/assets/", import.meta.url)

const bytesOf = (ending: string): number =>
  readdirSync(folder).filter((name) => name.endsWith(ending))
    .reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder))).length, 0)

it("the dashboard loads at most 45 kB of script and 10 kB of style", () => {
  assert.isAtMost(bytesOf(".js"), 45_000)
  assert.isAtMost(bytesOf(".css"), 10_000)
})
