/**
 * Prometheus' own tool reads the alerts and the queries of the board, and tries the alerts.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as GrafanaBoard from "./GrafanaBoard.ts"

const promtool = (...args: ReadonlyArray<string>) => {
  const { error, status, stderr, stdout } = spawnSync("promtool", args, { encoding: "utf8" })
  return { isThere: error === undefined, status, said: `${stdout}${stderr}` }
}

const { isThere } = promtool("--version")

describe.skipIf(!isThere)(
  isThere ? "promtool" : "promtool: skipped, for Debian's prometheus is not installed",
  () => {
    it("finds no fault in the alerts", () => {
      const { said, status } = promtool("check", "rules", "docs/alerts.yml")
      assert.strictEqual(status, 0, said)
      assert.match(said, /SUCCESS: \d\d rules found/)
    })

    it("sees each alert fire, and not before its time", () => {
      const { said, status } = promtool("test", "rules", "test/docs/alerts.promtool.yml")
      assert.strictEqual(status, 0, said)
    })

    it("can read the queries of the board", () => {
      const folder = mkdtempSync(join(tmpdir(), "pgq-promtool-"))
      const file = join(folder, "board.yml")
      const rules = GrafanaBoard.queries.map((query, n) => ({
        record: `query_${n}`,
        expr: query.replaceAll("$__rate_interval", "5m")
      }))
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ groups: [{ name: "board", rules }] }))
      const { said, status } = promtool("check", "rules", file)
      rmSync(folder, { recursive: true })

      assert.strictEqual(status, 0, said)
    })
  }
)
