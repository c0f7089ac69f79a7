/**
 * The names that a scrape of pgq's pages has, and those that a text of PromQL uses.
 */
import { outcomes } from "../../src/domain/Figures.ts"
import type { MetricName } from "../../src/domain/MetricName.ts"
import { metrics } from "../../src/domain/MetricNames.ts"
import { queueMetrics } from "../../src/domain/QueueMetricNames.ts"

const all: ReadonlyArray<MetricName> = Object.values({ ...metrics, ...queueMetrics })

const known = new Set(all.flatMap(({ attributes, prometheus, type }) => [
  ...(type === "histogram" ? ["_bucket", "_sum", "_count"] : [""]).map((end) => prometheus + end),
  ...attributes.map((attribute) => attribute.replaceAll(".", "_"))
]))

/** The names of metrics and labels in a text, as often as they come. */
export const namesIn = (text: string): ReadonlyArray<string> =>
  text.match(/\b(?:pgq|messaging|error)_[a-z_]+/g) ?? []

/** The names in a text that no scrape has. */
export const unknownIn = (text: string): ReadonlyArray<string> =>
  namesIn(text).filter((name) => !known.has(name))

/** The values of labels in a text that no scrape has, of labels with values that are known. */
export const unknownValuesIn = (text: string): ReadonlyArray<string> =>
  Object.entries(values).flatMap(([label, values]) =>
    Array.from(
      text.matchAll(new RegExp(`${label}=~?\\\\?"([^"\\\\]+)`, "g")),
      ([, text = ""]) => text.split("|")
    ).flat().filter((value) => !values.includes(value)).map((value) => `${label}=${value}`)
  )

const values: Readonly<Record<string, ReadonlyArray<string>>> = {
  pgq_outcome: outcomes,
  pgq_state: ["ready", "waiting", "running", "later", "blocked", "paused"],
  pgq_end: ["left", "died"],
  pgq_holder: ["backend", "prepared", "slot", "standby"]
}
