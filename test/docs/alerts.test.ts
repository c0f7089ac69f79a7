/**
 * The alerts of Prometheus, and the board of Grafana, name metrics, labels and values that there
 * are. `test/engine/control/queueMetrics.test.ts` and `test/observe/metrics.test.ts` find the names
 * in real scrapes.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as GrafanaBoard from "./GrafanaBoard.ts"
import * as PrometheusNames from "./PrometheusNames.ts"

const alerts = readFileSync("docs/alerts.yml", "utf8")

describe("the alerts", () => {
  it("name metrics, labels and values of the tables alone", () => {
    assert.isAbove(PrometheusNames.namesIn(alerts).length, 40)
    assert.deepStrictEqual(PrometheusNames.unknownIn(alerts), [])
    assert.deepStrictEqual(PrometheusNames.unknownValuesIn(alerts), [])
  })

  it("are each tried", () => {
    const tried = readFileSync("test/docs/alerts.promtool.yml", "utf8")
    const ofSchema = alerts.slice(0, alerts.indexOf("- name: pgq\n"))
    const names = Array.from(ofSchema.matchAll(/alert: (\w+)/g), ([, name]) => name!)
    assert.isAbove(names.length, 9)
    for (const name of names) {
      assert.match(tried, new RegExp(`alertname: ${name}\\n +exp_alerts:\\n`), name)
      assert.match(tried, new RegExp(`alertname: ${name}, exp_alerts: \\[\\] `), name)
    }
  })
})

describe("the board of Grafana", () => {
  const board = readFileSync(GrafanaBoard.page, "utf8")

  it("is the one that npm run docs writes", () => {
    assert.strictEqual(board, GrafanaBoard.writtenInto())
  })

  it("names metrics, labels and values of the tables alone", () => {
    assert.isAbove(PrometheusNames.namesIn(board).length, 20)
    assert.deepStrictEqual(PrometheusNames.unknownIn(board), [])
    assert.deepStrictEqual(PrometheusNames.unknownValuesIn(board), [])
  })

  it("asks the queries of its panels", () => {
    assert.isAbove(GrafanaBoard.queries.length, 15)
    for (const query of GrafanaBoard.queries) assert.include(board, JSON.stringify(query))
  })
})
