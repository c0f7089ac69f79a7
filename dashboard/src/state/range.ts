/**
 * How far the charts reach back, as the address says.
 */
import { computed } from "@preact/signals"
import { parameters, put } from "./route.ts"

export interface Range {
  readonly name: string
  /** Stands behind "in". */
  readonly words: string
  /** In seconds, from one point to the next. */
  readonly step: number
  readonly points: number
}

export const hour: Range = { name: "1h", words: "the last hour", step: 60, points: 60 }

export const ranges: ReadonlyArray<Range> = [
  hour,
  { name: "6h", words: "the last 6 hours", step: 60, points: 360 },
  { name: "24h", words: "the last 24 hours", step: 300, points: 288 },
  { name: "7d", words: "the last 7 days", step: 3600, points: 168 }
]

/** The chosen range; the last hour if none is chosen. */
export const range = computed(() =>
  ranges.find(({ name }) => name === parameters.value.get("range")) ?? hour
)

export const choose = ({ name }: Range): void => put("range", name)
