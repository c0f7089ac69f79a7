/**
 * Frames as the bytes that a terminal obeys: only the lines that have changed.
 */
import type { Line } from "./Frame.ts"
import type { Style } from "./Page.ts"

/** The other screen of the terminal, without a cursor, and without lines that go on below. */
export const enter = "\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[2J\u001B[H"

/** The terminal as it was. */
export const leave = "\u001B[0m\u001B[?7h\u001B[?25h\u001B[?1049l"

const colours: Readonly<Record<Style, string>> = {
  plain: "",
  head: "\u001B[1m",
  bad: "\u001B[1;31m",
  notice: "\u001B[33m",
  good: "\u001B[32m",
  faint: "\u001B[2m",
  chosen: "\u001B[7m"
}

/** Without colours the mark and the words say the same. */
const noColours: Readonly<Record<Style, string>> = {
  ...colours,
  bad: "\u001B[1m",
  notice: "",
  good: ""
}

/** A line with its style. */
export const line = ({ style, text }: Line, hasColours: boolean): string => {
  const begin = (hasColours ? colours : noColours)[style]
  return begin === "" || text === "" ? text : `${begin}${text}\u001B[0m`
}

/** Turns the lines on the screen into others. Without the former ones, all lines are written. */
export const changes = (
  before: ReadonlyArray<string> | undefined,
  after: ReadonlyArray<string>
): string =>
  after
    .map((text, n) => text === before?.[n] ? "" : `\u001B[${n + 1};1H${text}\u001B[K`)
    .join("") + (before === undefined ? "\u001B[J" : "")
