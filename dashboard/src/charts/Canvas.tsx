/**
 * The drawing of a chart. Those who do not see it get a sentence.
 */
import type { Signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { clock, theme } from "../state/settings.ts"
import type { Lines, Unit } from "./Line.ts"
import type { Plot } from "./plot.ts"
import { clockOf, sentence } from "./words.ts"

export const Canvas = ({ isLog, isLong, lines, period, pointed, title, unit }: {
  readonly title: string
  readonly period: string
  readonly lines: Lines
  readonly unit: Unit
  readonly isLog: boolean
  /** Whether a time needs its day. */
  readonly isLong: boolean
  readonly pointed: Signal<number | undefined>
}) => {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | undefined>(undefined)
  const newest = useRef(lines)
  newest.current = lines
  const labels = lines.lines.map(({ label }) => label).join("\n")
  const zone = clock.value

  useEffect(() => {
    let isGone = false
    void import("./plot.ts").then(({ draw }) => {
      if (isGone || host.current === null) return
      plot.current = draw(host.current, {
        lines: newest.current,
        unit,
        isLog,
        zone,
        colourOf: (tone) => colourOf(host.current, tone),
        pointed: (place) => (pointed.value = place)
      })
    })
    return () => {
      isGone = true
      plot.current?.remove()
      plot.current = undefined
      pointed.value = undefined
    }
  }, [labels, unit, isLog, zone])

  useEffect(() => plot.current?.show(lines), [lines])

  const chosen = theme.value
  useEffect(() => {
    const repaint = () => requestAnimationFrame(() => plot.current?.repaint())
    repaint()
    const system = matchMedia("(prefers-color-scheme: dark)")
    system.addEventListener("change", repaint)
    return () => system.removeEventListener("change", repaint)
  }, [chosen])

  const time = (seconds: number) =>
    clockOf(new Date(seconds * 1000), zone, isLong ? "both" : "time")
  return (
    <div
      ref={host}
      class="plot"
      role="img"
      aria-label={sentence({ title, period, unit, lines, clock: time })}
    >
      {paints.map((tone) => <i key={tone} class={`tone-${tone}`} />)}
    </div>
  )
}

/** A canvas knows no variables of the style sheet: elements of each colour stand for them. */
const paints = [
  "accent",
  "good",
  "bad",
  "notice",
  "violet",
  "teal",
  "pink",
  "faint",
  "ink",
  "line"
]

const colourOf = (host: HTMLElement | null, tone: string): string => {
  const element = host?.querySelector(`i.tone-${tone}`)
  return element ? getComputedStyle(element).color : "gray"
}
