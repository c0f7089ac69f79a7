/**
 * The cells of the matrix of soaks, and the line that reports each.
 */
import { skipped } from "./Options.ts"

/** The flags of one soak. */
export type Cell = ReadonlyArray<string>

const axes = {
  "--server": ["18", "15"],
  "--via": ["direct", "pgbouncer"],
  "--mode": ["mixed", "row-lock", "advisory"]
}

/** All combinations of the axes that `args` leaves open. */
export const cellsOf = (args: ReadonlyArray<string>): ReadonlyArray<Cell> => {
  const isGiven = (flag: string) => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`))
  return Object.entries(axes).reduce<ReadonlyArray<Cell>>(
    (cells, [flag, values]) =>
      isGiven(flag)
        ? cells
        : cells.flatMap((cell) => values.map((value) => [...cell, flag, value])),
    [[]]
  )
}

const figures = ["jobs added", "runs", "violations"]

/** One line about a soak: its verdict, its cell, its figures and its time. */
export const summary = ({ cell, code, log, output, seconds }: {
  readonly cell: Cell
  readonly code: number
  readonly seconds: number
  readonly output: string
  readonly log: string
}): string => {
  const verdict = code === 0 ? "sound" : code === skipped ? "skipped" : "FAILED"
  const lines = output.split("\n")
  const found = figures.flatMap((name) => {
    const line = lines.find((line) => line.startsWith(name.padEnd(44)))
    return line === undefined ? [] : [`${line.slice(44)} ${name}`]
  })
  // Without figures, the last line of the output tells why.
  const rest = found.length > 0 ? found : lines.filter(Boolean).slice(-1)
  return [
    verdict.padEnd(8) + cell.filter((_, index) => index % 2 === 1).join(" ").padEnd(24),
    ...rest,
    `${seconds} s`,
    ...code === 0 || code === skipped ? [] : [log]
  ].join(", ")
}
