/**
 * The width of the terminal that a short command prints to. A pipe or a file has no bound.
 */
import * as Cells from "./Cells.ts"

/** Cells of a line. A terminal that does not know its size has none. */
export const width = (): number =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : Infinity

/** The line as it is, or cut to the terminal's width. */
export const line = (text: string, cells = width()): string =>
  cells === Infinity ? text : Cells.cut(text, cells)
