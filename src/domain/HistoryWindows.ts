/**
 * The order in which the history is searched: the newest day first, and in it the newest pages.
 * History is appended to, so rows of later pages ended later, more or less.
 */

import { Schema } from "effect"

const Natural = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** A row of a table by its page, and its place there. Rows from there on have been looked at. */
export const Place = Schema.Struct({
  table: Natural,
  day: Schema.NullOr(Natural),
  page: Natural,
  row: Natural
})
export interface Place extends Schema.Schema.Type<typeof Place> {}

/** A table of the history: the jobs that ended in one of its times, with some outcomes. */
export interface Partition {
  /** The id of the table in PostgreSQL. */
  readonly table: number
  readonly parent: string
  /** The day by UTC, in milliseconds; `null` for the table of all days without one. */
  readonly day: number | null
  readonly pages: number
}

/** Pages of a table from `first` on, up to `end`, which is not included. */
export interface Window {
  readonly partition: Partition
  readonly first: number
  readonly end: Place
  /** The end of the window after this one; `undefined` after the last one. */
  readonly next: Place | undefined
}

/** So many pages are looked at for one answer. */
export const pagesMax = 2000

/** The first window is small, as the newest rows often are enough; each next one is larger. */
const firstPages = 64
const growth = 4

/** A partition counts for so many pages at least, so that many small ones are bounded, too. */
const pagesMin = 20

const dayMillis = 86_400_000

/**
 * The partitions that have jobs of these times, the newest day first. Jobs of days without a table
 * may be of today.
 */
export const inOrder = (
  partitions: ReadonlyArray<Partition>,
  { from = -Infinity, to = Infinity }: {
    readonly from: number | undefined
    readonly to: number | undefined
  }
): ReadonlyArray<Partition> =>
  partitions
    .filter(({ day, pages }) =>
      pages > 0 && (day === null || (day <= to && day + dayMillis > from))
    )
    .toSorted(order)

const order = (a: Pick<Partition, "day" | "table">, b: Pick<Partition, "day" | "table">): number =>
  a.day === b.day ? b.table - a.table : (b.day ?? Infinity) - (a.day ?? Infinity)

/** The times of a partition, as pairs of a beginning and an end that is not included. */
export const timesOf = (
  partition: Partition,
  all: ReadonlyArray<Partition>
): ReadonlyArray<readonly [number, number]> => {
  if (partition.day !== null) return [[partition.day, partition.day + dayMillis]]
  const days = all
    .flatMap(({ day, parent }) => parent === partition.parent && day !== null ? [day] : [])
    .toSorted((a, b) => a - b)
  const starts = [-Infinity, ...days.map((day) => day + dayMillis)]
  const ends = [...days, Infinity]
  return starts
    .map((start, n): readonly [number, number] => [start, ends[n] ?? Infinity])
    .filter(([start, end]) => start < end)
}

/** The windows from a place on, as many as one answer may look at. */
export const windows = (
  partitions: ReadonlyArray<Partition>,
  from: Place | undefined
): ReadonlyArray<Window> => {
  const found: Array<Window> = []
  let left = pagesMax
  let size = firstPages
  // The partition of the place may have been dropped since.
  const rest = partitions.filter((one) => from === undefined || order(from, one) <= 0)
  for (const [n, partition] of rest.entries()) {
    const older = rest[n + 1]
    let end = from !== undefined && partition.table === from.table ? from : endOf(partition)
    while (left > 0 && (end.page > 0 || end.row > 0)) {
      // Of the page of a place, the rows before it are left.
      const last = end.row > 0 ? end.page + 1 : end.page
      const first = Math.max(last - Math.min(size, left), 0)
      const next = first > 0 ? { ...end, page: first, row: 0 } : older && endOf(older)
      found.push({ partition, first, end, next })
      left -= Math.max(last - first, pagesMin)
      size *= growth
      end = { ...end, page: first, row: 0 }
    }
  }
  return found
}

const endOf = ({ day, pages, table }: Partition): Place => ({ table, day, page: pages, row: 0 })
