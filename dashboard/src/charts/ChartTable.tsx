/**
 * The values of a chart as a table, the newest first.
 */
import { type Column, Table } from "../parts/Table.tsx"
import { clock } from "../state/settings.ts"
import { type Lines, textOf, type Unit } from "./Line.ts"
import { clockOf } from "./words.ts"

export const ChartTable = ({ isLong, lines: { lines, times }, title, unit }: {
  readonly title: string
  readonly lines: Lines
  readonly unit: Unit
  readonly isLong: boolean
}) => {
  const columns: ReadonlyArray<Column<number>> = [
    {
      name: "Time",
      cell: (place) =>
        clockOf(new Date((times[place] ?? 0) * 1000), clock.value, isLong ? "both" : "time")
    },
    ...lines.map(({ label, values }): Column<number> => ({
      name: label,
      isFigure: true,
      cell: (place) => (
        <span class={values[place] === 0 ? "zero" : undefined}>{textOf(unit, values[place])}</span>
      )
    }))
  ]
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${title}: values`}>
      <Table
        caption={title}
        columns={columns}
        rows={Array.from(times.keys()).toReversed()}
        keyOf={(place) => String(times[place])}
        empty=""
      />
    </div>
  )
}
