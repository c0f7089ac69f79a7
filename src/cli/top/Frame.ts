/**
 * One frame of `pgq top`: as many lines as the screen has rows, each in fewer cells than it has
 * columns.
 */
import * as Span from "../../domain/Span.ts"
import * as Cells from "../Cells.ts"
import type { Row, Section, Style } from "./Page.ts"
import * as Pages from "./Pages.ts"
import type { State } from "./TopState.ts"

export interface Line {
  readonly text: string
  readonly style: Style
}

export const of = (state: State): ReadonlyArray<Line> => {
  const { isStill, size } = state
  const width = size.columns - 1
  const sections = Pages.sections(state)
  const items = Pages.itemsOf(sections)
  const chosen = isStill ? undefined : items[Pages.placeOf(items, state)]
  const top = [header(state, width), ...missed(state)]
  const foot: ReadonlyArray<Row> = isStill ? [] : [
    { text: chosen?.next === undefined ? "" : `next: ${chosen.next}`, style: "faint" },
    { text: keys(width), style: "head" }
  ]
  const space = Math.max(size.rows - top.length - foot.length, 0)
  const body = laidOut(sections, space, chosen?.id)
  const room = isStill ? 0 : space - body.length
  return [...top, ...body, ...Array.from({ length: room }, (): Row => ({ text: "" })), ...foot]
    .slice(0, size.rows)
    .map(({ style = "plain", text }) => ({ text: Cells.cut(text, width), style }))
}

/** Where there is no room, the name of the database is cut, then parts go. */
const header = (state: State, width: number): Row => {
  const { every, figures, isStill, isStopped, now, where } = state
  const age = figures === undefined ? 0 : now - figures.at
  const time = figures === undefined ? "" : `${clock(Date.parse(figures.overview.at) + age)} UTC`
  const frames = isStill ? "" : `every ${Span.ofSeconds(every / 1000).replace(".0s", "s")}`
  const old = isStill || figures === undefined ? "" : `${Math.floor(age / 1000)}s old`
  const mode = isStopped ? "STOPPED" : "READ-ONLY"
  const parts = [[time, 1], [frames, 4], [old, 2], [mode, 3]] as const
  const shown = (most: number) =>
    parts.filter(([text, goes]) => text !== "" && goes <= most).map(([text]) => `  ${text}`).join(
      ""
    )
  const room = (most: number) => width - "pgq top  ".length - shown(most).length
  const most = [4, 3, 2, 1].find((most) => room(most) >= Math.min(Cells.width(where), whereMin)) ??
    0
  return {
    text: `pgq top  ${Cells.cut(where, Math.max(room(most), whereMin))}${shown(most)}`,
    style: "head"
  }
}

/** The name of the database is not cut below this as long as another part may go. */
const whereMin = 16

const clock = (millis: number): string =>
  Number.isFinite(millis) ? new Date(millis).toISOString().slice(11, 19) : ""

/** The last figures stay, and their age is said in words. */
const missed = ({ figures, missed, now }: State): ReadonlyArray<Row> => {
  if (missed === undefined) return []
  const span = Span.ofSeconds(Math.floor((now - missed.since) / 1000))
  const old = figures === undefined
    ? ""
    : `; the figures are ${Span.ofSeconds(Math.floor((now - figures.at) / 1000))} old`
  return [{ text: `NO ANSWER for ${span}${old}; trying again: ${missed.error}`, style: "bad" }]
}

const keys = (width: number): string => {
  const long = "[o]verview [l]anes [w]orkers [d]atabase [y] why [p] stop [?] help [q]uit"
  const short = "[o] [l] [w] [d] [y] [enter] [p] [?] [q]"
  return long.length <= width ? long : short
}

/** Each section gets an equal share of the rows, and those that need less leave the rest. */
const laidOut = (
  sections: ReadonlyArray<Section>,
  space: number,
  chosen: string | undefined
): ReadonlyArray<Row> => {
  const shares = share(space, sections.map(({ head, rows }) => head.length + rows.length))
  return sections.flatMap(({ head, rows }, n) => {
    const most = shares[n] ?? 0
    return [
      ...head.slice(0, most).map((row) => marked(row, undefined)),
      ...view(rows, most - head.length, chosen)
    ]
  })
}

/** Parts of the space, none larger than it is wanted. The first ones get what is left over. */
export const share = (space: number, wants: ReadonlyArray<number>): ReadonlyArray<number> => {
  const open = wants.filter((want) => want > 0)
  const least = Math.min(...open)
  if (open.length === 0 || space <= 0) return wants.map(() => 0)
  if (space === Infinity) return wants
  const each = Math.min(least, Math.floor(space / open.length))
  if (each === 0) {
    let left = space
    return wants.map((want) => want > 0 && left-- > 0 ? 1 : 0)
  }
  const rest = share(
    space - each * open.length,
    wants.map((want) => want > 0 ? want - each : 0)
  )
  return wants.map((want, n) => (want > 0 ? each : 0) + (rest[n] ?? 0))
}

/** As many rows as there is room for, with the chosen one among them. */
const view = (
  rows: ReadonlyArray<Row>,
  space: number,
  chosen: string | undefined
): ReadonlyArray<Row> => {
  if (rows.length <= space) return rows.map((row) => marked(row, chosen))
  if (space <= 0) return []
  const place = Math.max(rows.findIndex(({ item }) => item?.id === chosen), 0)
  const shown = Math.max(space - 1, 1)
  const start = Math.max(Math.min(place - Math.floor(shown / 2), rows.length - shown), 0)
  const more: Row = { text: `  … ${rows.length - shown} more`, style: "faint" }
  return [
    ...rows.slice(start, start + shown).map((row) => marked(row, chosen)),
    ...(space > 1 ? [more] : [])
  ]
}

const marked = (row: Row, chosen: string | undefined): Row => {
  const isChosen = chosen !== undefined && row.item?.id === chosen
  return {
    text: `${isChosen ? ">" : " "} ${row.text}`,
    style: isChosen ? "chosen" : row.style
  }
}
