/**
 * Lines over time, and how their values are read: a chart shows them.
 */
import * as CountText from "../../../src/domain/CountText.ts"
import type { SeriesValues } from "../../../src/domain/Series.ts"
import * as Span from "../../../src/domain/Span.ts"

export interface Line {
  readonly label: string
  /** The name of its colour in `charts.css`. */
  readonly tone: string
  readonly values: ReadonlyArray<number | null>
}

export interface Lines {
  /** When each step begins, in seconds. */
  readonly times: ReadonlyArray<number>
  readonly lines: ReadonlyArray<Line>
}

export type Unit = "count" | "seconds"

export const textOf = (unit: Unit, value: number | null | undefined): string =>
  value === null || value === undefined
    ? "–"
    : unit === "seconds"
    ? value > 0 && value < .001 ? "<1ms" : Span.ofSeconds(value)
    : CountText.grouped(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))

/** The lengths and gaps of the dashes of each line, so that colour alone tells none from another. */
export const dashes: ReadonlyArray<ReadonlyArray<number>> = [
  [],
  [6, 2],
  [2, 2],
  [9, 2, 2, 2],
  [4, 4],
  [12, 3],
  [1, 3],
  [9, 2, 2, 2, 2, 2],
  [3, 1]
]

const tones: Readonly<Record<string, string>> = {
  completed: "good",
  failed: "bad",
  blocked: "notice",
  retried: "violet",
  snoozed: "teal",
  cancelled: "accent",
  released: "faint",
  unhandled: "pink",
  lost: "ink",
  p50: "accent",
  p95: "violet",
  p99: "bad",
  ready: "accent",
  waiting: "violet",
  running: "good",
  scheduled: "faint",
  latency: "accent"
}

const others = ["accent", "violet", "teal", "notice", "good", "pink", "faint"]

/** One line for each series. */
export const each = ({ series, t }: SeriesValues): Lines => ({
  times: t.map((time) => Date.parse(time) / 1000),
  lines: series.map(({ label, values }, place) => ({
    label,
    tone: tones[label] ?? others[place % others.length] ?? "ink",
    values
  }))
})

/** How many runs ended in a minute. Ends that there were none of have no line. */
export const perMinute = (lines: Lines, step: number): Lines => ({
  ...lines,
  lines: lines.lines.filter(({ label, values }) => label === "completed" || values.some(Boolean))
    .map((line) => ({ ...line, values: line.values.map((n) => n === null ? n : n * 60 / step) }))
})

/** The first lines. The others become one, where their values can be added. */
export const first = ({ lines, times }: Lines, most: number, add: boolean): Lines => {
  const rest = lines.slice(most)
  const kept = lines.slice(0, most).map((line, place) => ({
    ...line,
    tone: others[place] ?? "ink"
  }))
  const sum = times.map((_, n) => rest.reduce((all, { values }) => all + (values[n] ?? 0), 0))
  const last = { label: `${rest.length} others`, tone: "faint", values: sum }
  return { times, lines: rest.length > 0 && add ? [...kept, last] : kept }
}

/** Whether there is nothing to see. */
export const isEmpty = ({ lines }: Lines, zeroIsNothing: boolean): boolean =>
  lines.every(({ values }) => values.every((n) => n === null || (zeroIsNothing && n === 0)))
