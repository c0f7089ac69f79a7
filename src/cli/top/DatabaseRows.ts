/**
 * The database, as far as it matters, as rows.
 */
import type { DatabaseOverview } from "../../domain/Overview.ts"
import * as Span from "../../domain/Span.ts"
import type { Row, Section } from "./Page.ts"
import * as Table from "./Table.ts"
import type { State } from "./TopState.ts"

type TableRow = DatabaseOverview["tables"][number]

const columnsAt = (now: number): ReadonlyArray<Table.Column<TableRow>> => [
  { head: "TABLE", of: ({ table }) => table },
  { head: "LIVE", of: ({ live }) => amount(live), isNumber: true },
  { head: "DEAD", of: ({ dead }) => amount(dead), isNumber: true },
  { head: "BYTES", of: ({ bytes }) => amount(bytes), isNumber: true, goes: 2 },
  { head: "INDEXES", of: ({ indexBytes }) => amount(indexBytes), isNumber: true, goes: 3 },
  { head: "VACUUMED", of: ({ vacuumedAt }) => ago(vacuumedAt, now), isNumber: true, goes: 1 }
]

const amount = (value: number): string => {
  const [unit, size] = units.find(([, size]) => value >= size * 10) ?? ["", 1]
  return unit === "" ? String(value) : `${Math.round(value / size)} ${unit}`
}

/** With two digits at least, so a share of a unit says little. */
const units = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]] as const

const ago = (at: string | null, now: number): string =>
  at === null ? "never" : `${Span.ofSeconds((now - Date.parse(at)) / 1000)} ago`

export const page = ({ figures }: State, width: number): ReadonlyArray<Section> => {
  const database = figures?.overview.database
  if (figures === undefined || database === null || database === undefined) {
    const text = "the database has not told how it is"
    return [{ head: [{ text, style: "faint" }], rows: [] }]
  }
  const { missingPartitions, tables } = database
  const now = Date.parse(figures.overview.at)
  const { head, rows } = Table.of(columnsAt(now), tables, width)
  return [
    {
      head: [
        horizon(database),
        ...missingPartitions.map((parent): Row => ({
          text: `${parent} has no partition for today`,
          style: "notice"
        }))
      ],
      rows: []
    },
    {
      head: [{ text: head, style: "head" }],
      rows: rows.map((text, n) => ({ text, item: { id: `table ${tables[n]?.table}` } }))
    }
  ]
}

const horizon = ({ horizon }: DatabaseOverview): Row => {
  if (horizon === null) return { text: "horizon: nothing holds it", style: "faint" }
  const { holder, name, pid, seconds, transactions } = horizon
  return {
    text: `horizon: held by ${holder} ${name}${pid === null ? "" : `, pid ${pid}`}` +
      `${seconds === null ? "" : `, for ${Span.ofSeconds(seconds)}`}, ` +
      `${transactions} transactions since`
  }
}
