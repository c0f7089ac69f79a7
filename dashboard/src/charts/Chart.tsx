/**
 * A chart: its lines, what they are now or were under the pointer, and the same as a table.
 */
import { useSignal } from "@preact/signals"
import type { SeriesValues } from "../../../src/domain/Series.ts"
import type { Range } from "../state/range.ts"
import { useSeries, type Wish } from "../state/series.ts"
import { clock } from "../state/settings.ts"
import { Canvas } from "./Canvas.tsx"
import { ChartTable } from "./ChartTable.tsx"
import { dashes, isEmpty, type Lines, textOf, type Unit } from "./Line.ts"
import { clockOf } from "./words.ts"

export interface Properties {
  readonly title: string
  readonly note?: string
  readonly wish: Omit<Wish, "range">
  readonly range: Range
  readonly unit: Unit
  readonly isLog?: boolean
  /** Whether a chart of zeros shows nothing. */
  readonly zeroIsNothing?: boolean
  /** Stands in place of a chart without values, before "in the last hour". */
  readonly empty: string
  readonly linesOf: (found: SeriesValues, range: Range) => Lines
}

export const Chart = (properties: Properties) => {
  const { empty, isLog = false, linesOf, note, range, title, unit, wish, zeroIsNothing = false } =
    properties
  // In a longer time, each time of day is there more than once.
  const isLong = range.points * range.step > 86_400
  const { failure, value } = useSeries({ ...wish, range })
  const isTable = useSignal(false)
  const pointed = useSignal<number | undefined>(undefined)
  const found = value.value
  const lines = found === undefined ? undefined : linesOf(found, range)
  const isShown = lines !== undefined && !isEmpty(lines, zeroIsNothing)
  return (
    <figure class="chart">
      <figcaption>
        <h3>
          {title}
          {note === undefined ? null : <small>{note}</small>}
        </h3>
        {isShown && !isTable.value
          ? <At lines={lines} place={pointed.value} isLong={isLong} />
          : null}
        {isShown
          ? (
            <button
              type="button"
              aria-pressed={isTable.value}
              aria-label={`${title}: show as a table`}
              onClick={() => (isTable.value = !isTable.value)}
            >
              Table
            </button>
          )
          : null}
      </figcaption>
      {failure.value === undefined || lines === undefined
        ? null
        : <p class="old" role="alert">This may be old: {failure.value}.</p>}
      {lines === undefined
        ? failure.value === undefined
          ? <p class="nothing">Reading the figures …</p>
          : (
            <p class="nothing failed" role="alert">
              The figures cannot be shown: {failure.value}. The page tries again by itself.
            </p>
          )
        : !isShown
        ? <p class="nothing">{empty} in {range.words}.</p>
        : isTable.value
        ? <ChartTable title={title} lines={lines} unit={unit} isLong={isLong} />
        : (
          <>
            <Legend lines={lines} unit={unit} place={pointed.value} />
            <Canvas
              title={note === undefined ? title : `${title}, ${note},`}
              period={range.words}
              lines={lines}
              unit={unit}
              isLog={isLog}
              isLong={isLong}
              pointed={pointed}
            />
          </>
        )}
    </figure>
  )
}

/** Of when the values in the legend are. */
const At = ({ isLong, lines: { times }, place }: {
  readonly lines: Lines
  readonly isLong: boolean
  readonly place: number | undefined
}) => (
  <span class="at">
    {place === undefined
      ? "now"
      : clockOf(new Date((times[place] ?? 0) * 1000), clock.value, isLong ? "both" : "time")}
  </span>
)

/** Each line with its value: the newest one, or the one under the pointer. */
const Legend = ({ lines: { lines, times }, place, unit }: {
  readonly lines: Lines
  readonly unit: Unit
  readonly place: number | undefined
}) => {
  const at = place === undefined ? times.length - 1 : Math.min(place, times.length - 1)
  return (
    <ul class="legend">
      {lines.map(({ label, tone, values }, n) => (
        <li key={label}>
          <svg class={`tone-${tone}`} width="22" height="8" aria-hidden="true">
            <line
              x1="0"
              y1="4"
              x2="22"
              y2="4"
              stroke="currentColor"
              stroke-width="2"
              stroke-dasharray={(dashes[n % dashes.length] ?? []).join(" ") || undefined}
            />
          </svg>
          <span class="label">{label}</span> <b>{textOf(unit, values[at])}</b>
        </li>
      ))}
    </ul>
  )
}
