/**
 * The alerts of Prometheus name metrics and labels that there are.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { outcomes } from "../../src/domain/Figures.ts"
import { metrics } from "../../src/domain/MetricNames.ts"

const alerts = readFileSync("docs/alerts.yml", "utf8")
const known: ReadonlyArray<string> = Object.values(metrics).flatMap((
  { attributes, prometheus }
) => [
  prometheus,
  ...attributes.map((attribute) => attribute.replaceAll(".", "_"))
])

describe("the alerts", () => {
  it("name metrics and labels of the table alone", () => {
    const named = alerts.match(/\b(?:pgq|messaging|error)_[a-z_]+/g) ?? []
    assert.isAbove(named.length, 10)
    assert.deepStrictEqual(named.filter((name) => !known.includes(name)), [])
  })

  it("name outcomes that there are", () => {
    const named = Array.from(
      alerts.matchAll(/pgq_outcome=~?"([^"]+)"/g),
      ([, text = ""]) => text.split("|")
    ).flat()
    assert.isNotEmpty(named)
    assert.deepStrictEqual(named.filter((name) => !outcomes.some((one) => one === name)), [])
  })
})
