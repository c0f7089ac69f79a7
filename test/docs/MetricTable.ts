/**
 * The table of metrics in the documentation.
 */
import { type MetricName, metrics } from "../../src/domain/MetricNames.ts"

export const page = "docs/reference/metrics.md"

const row = (
  [id, { attributes, meaning, prometheus, type, unit }]: readonly [string, MetricName]
) =>
  `| \`${id}\`<br>\`${prometheus}\` | ${type}, ${unit === "s" ? "seconds" : unit} | ${
    attributes.map((attribute) => `\`${attribute}\``).join(", ")
  } | ${meaning} |\n`

const table = "| metric | type | attributes | meaning |\n| --- | --- | --- | --- |\n" +
  Object.entries(metrics).map(row).join("")

/** The text of the page with an up-to-date table. */
export const writtenInto = (text: string): string =>
  text.replace(/^\| metric \| type \| attributes \| meaning \|\n(?:\|.*\n)*/m, () => table)
