/**
 * The parts of a list of jobs, as one list.
 */
import type { JobPage, JobRow } from "../../../src/domain/JobList.ts"

export interface Found {
  readonly items: ReadonlyArray<JobRow>
  /** The cursor to look further from. */
  readonly next: string | null
  /** Whether the last part had as many jobs as it may have, so that there are likely more. */
  readonly isFull: boolean
  /** The jobs that were looked at, and when the last of them was added or has ended. */
  readonly rows: number
  readonly downTo: string | null
  /** When the first part was found, by the clock of this machine. */
  readonly at: number
}

/** The most jobs of a part. */
export const limit = 50

export const plus = (sum: Found | undefined, part: JobPage, now: number): Found => ({
  items: [...sum?.items ?? [], ...part.items],
  next: part.next,
  isFull: part.items.length >= limit,
  rows: (sum?.rows ?? 0) + part.scanned.rows,
  downTo: part.scanned.downTo ?? sum?.downTo ?? null,
  at: sum?.at ?? now
})

/**
 * Whether a look may end with this part. A part may have no job: whoever looks further wants to see
 * one, or that there is none. A first look ends with its first part, as it comes by itself.
 */
export const hasEnough = (before: Found | undefined, part: JobPage): boolean =>
  before === undefined || part.next === null || part.items.length > 0
