/**
 * Bar charts of a run as an SVG image, for light and dark pages. Nothing but text comes out.
 */
import type { Chart, Panel } from "./Charts.ts"
import { shown } from "./Shown.ts"

export interface Picture {
  readonly panels: ReadonlyArray<Panel>
  /** The bars that stand out. */
  readonly own: string
  /** How it was measured, below the charts. */
  readonly caption: string
}

const width = 860
const margin = 24
/** Of the names, left of the first chart. */
const nameWidth = 170
/** Of the value, right of the longest bar: "did not finish" fits. */
const valueWidth = 92
const barHeight = 14
const rowHeight = 22
/** From the title of a panel to its first bar. */
const headHeight = 54
const panelGap = 26
const captionLine = 16
/** At most so many characters fit in a line of the caption. */
const captionWidth = 130

export const svg = ({ caption, own, panels }: Picture): string => {
  const heights = panels.map(({ names }) => headHeight + names.length * rowHeight + panelGap)
  const tops = heights.map((_, index) =>
    margin + heights.slice(0, index).reduce((sum, height) => sum + height, 0)
  )
  const captionTop = margin + heights.reduce((sum, height) => sum + height, 0)
  const lines = wrapped(caption)
  const height = captionTop + lines.length * captionLine + margin - 8
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(own)} beside other queues</title>`,
    `<style>${style}</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...panels.flatMap((panel, index) => panelAt(tops[index]!, panel, own)),
    ...lines.map((line, index) =>
      text("caption", margin, captionTop + 4 + index * captionLine, line)
    ),
    "</svg>",
    ""
  ].join("\n")
}

const panelAt = (top: number, { charts, names, title }: Panel, own: string) => {
  const chartWidth = (width - 2 * margin - nameWidth) / charts.length
  const middle = (index: number) => top + headHeight + index * rowHeight + barHeight / 2
  const kind = (name: string) => name === own ? " own" : ""
  return [
    text("title", margin, top + 10, title),
    ...names.map((name, index) =>
      text(`name${kind(name)}`, margin + nameWidth - 10, middle(index), name)
    ),
    ...charts.flatMap((chart, index) => {
      const left = margin + nameWidth + index * chartWidth
      return [
        text("axis", left, top + 36, chart.title),
        ...names.flatMap((name, index) =>
          bar({ chart, name, left, middle: middle(index), kind: kind(name), chartWidth })
        )
      ]
    })
  ]
}

const bar = ({ chart, chartWidth, kind, left, middle, name }: {
  readonly chart: Chart
  readonly name: string
  readonly left: number
  readonly middle: number
  readonly kind: string
  readonly chartWidth: number
}) => {
  const value = chart.values.get(name)
  if (value === undefined || Number.isNaN(value)) {
    return [text("missing", left, middle, shown(value))]
  }
  const longest = Math.max(
    ...Array.from(chart.values.values()).filter((value) => !Number.isNaN(value))
  )
  const length = longest > 0 ? value / longest * (chartWidth - valueWidth) : 0
  return [
    `<rect class="bar${kind}" x="${left}" y="${middle - barHeight / 2}" ` +
    `width="${Math.max(length, 1).toFixed(1)}" height="${barHeight}" rx="2"/>`,
    text(`value${kind}`, left + length + 6, middle, shown(value))
  ]
}

/** At the given height is the middle of the letters. */
const text = (kind: string, x: number, middle: number, content: string) =>
  `<text class="${kind}" x="${x.toFixed(1)}" y="${middle}" dy="0.35em">${escaped(content)}</text>`

const escaped = (content: string) =>
  content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("\"", "&quot;")

const wrapped = (content: string): ReadonlyArray<string> =>
  content.match(new RegExp(`\\S.{0,${captionWidth - 1}}(?=\\s|$)`, "g")) ?? []

// A page may be dark while the reader's system is light, so the picture has a ground of its own.
const style = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
  .page { fill: #ffffff; stroke: #d0d7de }
  .title { font-size: 15px; font-weight: 600 }
  .name { text-anchor: end }
  .axis, .missing, .caption { fill: #57606a; font-size: 12px }
  .caption { font-size: 11px }
  .bar { fill: #afb8c1 }
  .bar.own { fill: #0969da }
  .value { font-variant-numeric: tabular-nums }
  .name.own, .value.own { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .page { fill: #0d1117; stroke: #30363d }
    .axis, .missing, .caption { fill: #9198a1 }
    .bar { fill: #57606a }
    .bar.own { fill: #58a6ff }
  }
`
