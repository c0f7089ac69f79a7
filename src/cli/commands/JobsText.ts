/**
 * A list of jobs as a table for people, and how far a search has looked.
 */
import * as CountText from "../../domain/CountText.ts"
import type { JobPage, JobRow } from "../../domain/JobList.ts"
import type { JobQueryInvalid } from "../../domain/JobQuery.ts"
import * as ShellText from "../../domain/ShellText.ts"
import * as Span from "../../domain/Span.ts"
import * as StatusText from "../StatusText.ts"
import * as Table from "../top/Table.ts"

/** In `width` cells: long texts are cut first, then columns are left out. */
export const table = (
  rows: ReadonlyArray<JobRow>,
  { now, width }: { readonly now: number; readonly width: number }
): string => {
  const { head, rows: lines } = Table.of(columnsAt(now), rows, width)
  return [head, ...lines].join("\n")
}

const columnsAt = (now: number): ReadonlyArray<Table.Column<JobRow>> => [
  { head: "id", of: ({ id }) => id, isNumber: true },
  { head: "state", of: ({ state }) => state },
  { head: "name", of: ({ name }) => name },
  { head: "queue", of: ({ queue }) => queue, goes: 3 },
  { head: "key", of: ({ key }) => key ?? "", goes: 2 },
  { head: "tries", of: tries, goes: 4 },
  { head: "time", of: (row) => time(row, now) },
  { head: "worker", of: ({ worker }) => worker ?? "", goes: 5 },
  { head: "error", of: ({ error }) => error ?? "", goes: 1 }
]

const tries = ({ attempt, maxAttempts }: JobRow): string =>
  maxAttempts === null ? String(attempt) : `${attempt}/${maxAttempts}`

/** The time until a job may start, or since it has ended or was added. */
const time = ({ createdAt, dueAt, endedAt }: JobRow, now: number): string => {
  const due = dueAt === null ? 0 : Date.parse(dueAt) - now
  return due > 0
    ? `in ${Span.ofSeconds(due / 1000)}`
    : `${Span.ofSeconds((now - Date.parse(endedAt ?? createdAt)) / 1000)} ago`
}

/** How far the search has looked, and the command that goes on. */
export const looked = (
  { items, next, scanned: { downTo, rows } }: JobPage,
  search: string
): string => {
  const found = `${CountText.grouped(items.length)} found`
  if (next === null) return `${found}, and there are no others`
  const back = downTo === null ? "" : `, back to ${downTo}`
  const words = search === "" ? "" : ` ${ShellText.word(search)}`
  return `${found} among ${CountText.grouped(rows)} jobs${back}; to look further: ` +
    `pgq jobs${words} --after ${next}`
}

/** The search, and a mark below the place that cannot be meant. */
export const mistake = (
  { issue, position }: JobQueryInvalid,
  search: string
): ReadonlyArray<string> => [
  StatusText.printable(search),
  `${" ".repeat(position)}^`,
  `pgq: ${StatusText.printable(issue)} (see pgq jobs --help)`
]
