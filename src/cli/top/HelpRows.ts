/**
 * The help of `pgq top`, as rows.
 */
import type { Section } from "./Page.ts"

const lines = [
  ["o", "overview: the verdict, the queues, the workers"],
  ["l", "lanes that are blocked or between two tries"],
  ["w", "workers"],
  ["d", "database: horizon, tables, dead rows"],
  ["j, down", "choose the next row"],
  ["k, up", "choose the row before"],
  ["g, G", "choose the first row, the last row"],
  ["enter", "open the chosen row: a queue, a lane, the page of a problem"],
  ["y", "say why the chosen problem, lane or queue is as it is"],
  ["escape", "go back to the page before"],
  ["p", "stop the frames, or let them go on"],
  ["q", "quit"],
  ["", "pgq top only reads. The line above the keys has a command to paste."]
] as const

export const page: ReadonlyArray<Section> = [{
  head: [],
  rows: lines.map(([key, text], n) => ({
    text: key === "" ? text : `${key.padEnd(8)}  ${text}`,
    item: { id: `line ${n}` }
  }))
}]
