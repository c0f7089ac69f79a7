/**
 * Tables that fit into a width: names are cut first, then whole columns go.
 */
import * as Cells from "../Cells.ts"

export interface Column<A> {
  readonly head: string
  readonly of: (row: A) => string
  /** Numbers stand to the right. */
  readonly isNumber?: boolean
  /** The columns with the highest value go first where there is no room. 0 stays. */
  readonly goes?: number
}

export interface Table {
  readonly head: string
  readonly rows: ReadonlyArray<string>
}

/** A text is not cut below this many cells as long as another column may go. */
const textMin = 10

interface Sized<A> extends Column<A> {
  readonly cells: ReadonlyArray<string>
  readonly width: number
}

/** A column without a head is left out if it is empty. */
export const of = <A>(
  columns: ReadonlyArray<Column<A>>,
  rows: ReadonlyArray<A>,
  width: number
): Table => {
  const shown = fitted(
    columns.map((column) => sized(column, rows, width)).filter(({ width }) => width > 0),
    width
  )
  const line = (cellOf: (column: Sized<A>) => string) =>
    shown
      .map((column) => Cells.fit(cellOf(column), column.width, column.isNumber ? "right" : "left"))
      .join("  ")
      .trimEnd()
  return {
    head: line(({ head }) => head),
    rows: rows.map((_, n) => line(({ cells }) => cells[n] ?? ""))
  }
}

const sized = <A>(column: Column<A>, rows: ReadonlyArray<A>, most: number): Sized<A> => {
  const cells = rows.map((row) => Cells.cut(column.of(row), most))
  const widths = cells.map(Cells.width)
  return { ...column, cells, width: Math.max(column.head.length, ...widths) }
}

const fitted = <A>(columns: ReadonlyArray<Sized<A>>, width: number): ReadonlyArray<Sized<A>> => {
  const total = columns.reduce((sum, column) => sum + column.width + 2, -2)
  if (total <= width || columns.length === 0) return columns
  const [widest] = columns
    .filter((column) => !column.isNumber && column.width > textMin)
    .toSorted((a, b) => b.width - a.width)
  if (widest !== undefined) {
    const narrower = { ...widest, width: widest.width - 1 }
    return fitted(columns.map((column) => column === widest ? narrower : column), width)
  }
  const last = columns.toSorted((a, b) => (b.goes ?? 0) - (a.goes ?? 0))[0]
  return (last?.goes ?? 0) > 0
    ? fitted(columns.filter((column) => column !== last), width)
    : columns
}
