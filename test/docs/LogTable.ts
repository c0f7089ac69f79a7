/**
 * The table of log events in the documentation.
 */
import { events } from "../../src/domain/LogEvent.ts"

export const page = "docs/reference/logs.md"

const rows = Object.entries(events).map(([name, meaning]) => `| \`${name}\` | ${meaning} |\n`)

const table = `| event | meaning |\n| --- | --- |\n${rows.join("")}`

/** The text of the page with an up-to-date table. */
export const writtenInto = (text: string): string =>
  text.replace(/^\| event \| meaning \|\n(?:\|.*\n)*/m, () => table)
