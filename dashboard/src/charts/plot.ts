/**
 * Draws lines over time. It is loaded when the first chart is shown: it holds uPlot.
 */
import UPlot from "uplot"
import { dashes, type Lines, type Unit } from "./Line.ts"
import { clockOf } from "./words.ts"

export interface Drawing {
  readonly lines: Lines
  readonly unit: Unit
  /** Whether each step of the scale is ten times the last. */
  readonly isLog: boolean
  readonly zone: "local" | "UTC"
  /** The colour of a line, or that of the scales, as they are at this moment. */
  readonly colourOf: (tone: string) => string
  /** Told which point is under the pointer, in this chart or another one. */
  readonly pointed: (place: number | undefined) => void
}

export interface Plot {
  readonly show: (lines: Lines) => void
  readonly repaint: () => void
  readonly remove: () => void
}

const height = 190

export const draw = (host: HTMLElement, drawing: Drawing): Plot => {
  const width = () => Math.max(120, Math.floor(host.clientWidth))
  const plot = new UPlot(optionsOf(drawing, width()), dataOf(drawing.lines), host)
  const observer = new ResizeObserver(() => {
    if (width() !== plot.width) plot.setSize({ width: width(), height })
  })
  observer.observe(host)
  return {
    show: (lines) => plot.setData(dataOf(lines)),
    repaint: () => plot.redraw(false),
    remove: () => {
      observer.disconnect()
      plot.destroy()
    }
  }
}

const dataOf = ({ lines, times }: Lines): UPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values])
]

const optionsOf = (drawing: Drawing, width: number): UPlot.Options => ({
  width,
  height,
  padding: [8, 8, 0, 0],
  legend: { show: false },
  ...(drawing.zone === "UTC"
    ? { tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") }
    : {}),
  cursor: {
    sync: { key: "pgq" },
    drag: { x: false, y: false, setScale: false },
    y: false,
    points: { size: 6 }
  },
  hooks: { setCursor: [({ cursor }) => drawing.pointed(cursor.idx ?? undefined)] },
  scales: { x: { time: true }, y: drawing.isLog ? logarithmic : linear },
  axes: axesOf(drawing),
  series: [{}, ...drawing.lines.lines.map((line, place) => seriesOf(drawing, line.tone, place))]
})

const seriesOf = ({ colourOf }: Drawing, tone: string, place: number): UPlot.Series => ({
  stroke: () => colourOf(tone),
  width: 1.5,
  dash: [...dashes[place % dashes.length] ?? []],
  // A value between two gaps would be invisible.
  points: {
    show: false,
    size: 4,
    filter: (plot, series) => {
      const values = plot.data[series] ?? []
      const isGap = (n: number) => values[n] === null || values[n] === undefined
      return Array.from(values.keys()).filter((n) => !isGap(n) && isGap(n - 1) && isGap(n + 1))
    }
  }
})

const axesOf = ({ colourOf, isLog, unit, zone }: Drawing): Array<UPlot.Axis> => {
  const look = {
    stroke: () => colourOf("faint"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: () => colourOf("line"), width: 1 },
    ticks: { show: false }
  }
  const scale = unit === "seconds" ? spans : counts
  return [
    {
      ...look,
      grid: { show: false },
      size: 26,
      space: 56,
      values: (_plot, times, _axis, _space, step) =>
        times.map((time) => clockOf(new Date(time * 1000), zone, step >= 86_400 ? "day" : "either"))
    },
    {
      ...look,
      size: 46,
      gap: 6,
      space: 32,
      incrs: scale.steps,
      values: (_plot, values) => values.map(scale.text),
      ...(isLog
        ? { splits: (_plot, _axis, min, max) => marks.filter((at) => at >= min && at <= max) }
        : {}),
      ...(isLog ? { filter: (_plot, values) => values } : {})
    }
  ]
}

const linear: UPlot.Scale = { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.05)] }

/** Lengths of time that people know, about ten times as long as the one before. */
const marks = [.0001, .001, .01, .1, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000]

const logarithmic: UPlot.Scale = {
  distr: 3,
  range: (_plot, min, max) => [
    marks.findLast((at) => at <= (min ?? .001)) ?? .0001,
    marks.find((at) => at >= (max ?? 1)) ?? 8_640_000
  ]
}

const compact = (value: number): string =>
  value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : String(value)

const units = [[86_400, "d"], [3600, "h"], [60, "m"], [1, "s"]] as const

const spanOf = (seconds: number): string => {
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [.001, "ms"]
  return seconds === 0 ? "0" : `${Math.round(seconds / size * 10) / 10}${unit}`
}

const counts = {
  steps: Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat(),
  text: compact
}

const spans = {
  steps: [.1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400]
    .concat([1, 2, 5, 10, 20, 50, 100].map((days) => days * 172_800)),
  text: spanOf
}
