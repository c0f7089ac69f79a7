/**
 * The table of metrics in the documentation.
 */
import type { MetricName } from "../../src/domain/MetricName.ts"
import { metrics } from "../../src/domain/MetricNames.ts"
import { queueMetrics } from "../../src/domain/QueueMetricNames.ts"

export const page = "docs/reference/metrics.md"

const units: Readonly<Record<string, string>> = { "s": "seconds", "By": "bytes", "1": "0 or 1" }

const row = (
  [id, { attributes, meaning, prometheus, type, unit }]: readonly [string, MetricName]
) =>
  `| \`${id}\`<br>\`${prometheus}\` | ${type}, ${units[unit] ?? unit} | ${
    attributes.map((attribute) => `\`${attribute}\``).join(", ")
  } | ${meaning} |\n`

const table = (first: string, rows: Readonly<Record<string, MetricName>>) =>
  `| ${first} | type | attributes | meaning |\n| --- | --- | --- | --- |\n` +
  Object.entries(rows).map(row).join("")

/** The text of the page with up-to-date tables. */
export const writtenInto = (text: string): string =>
  text
    .replace(tableOf("metric"), () => table("metric", metrics))
    .replace(tableOf("metric of a schema"), () => table("metric of a schema", queueMetrics))

const tableOf = (first: string): RegExp =>
  new RegExp(`^\\| ${first} \\| type \\| attributes \\| meaning \\|\\n(?:\\|.*\\n)*`, "m")
