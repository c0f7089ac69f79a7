/**
 * The report of a worker on its figures at intervals: the runs that have ended since the last one.
 */
import type { KindFigures } from "./Figures.ts"

export interface Pulse {
  readonly queue: string
  readonly name: string
  /** The number of runs that ended in each way, in the order of `outcomes`. */
  readonly counts: ReadonlyArray<number>
  /** The numbers of each bucket of how long the jobs were due, and how long they ran. */
  readonly wait: ReadonlyArray<number>
  readonly run: ReadonlyArray<number>
}

/** The figures of a kind at this moment. */
export const now = ({ ended, name, queue, ran, waited }: KindFigures): Pulse => ({
  queue,
  name,
  counts: [...ended],
  wait: [...waited.buckets],
  run: [...ran.buckets]
})

/** The growth since `before`; `undefined` if no run has ended. */
export const since = (before: Pulse | undefined, after: Pulse): Pulse | undefined => {
  if (before === undefined) return after.counts.some(isSome) ? after : undefined
  const counts = grown(before.counts, after.counts)
  return counts.some(isSome)
    ? { ...after, counts, wait: grown(before.wait, after.wait), run: grown(before.run, after.run) }
    : undefined
}

/** The sums of each element; a list that is shorter counts as zeros. */
export const added = (
  some: ReadonlyArray<number>,
  others: ReadonlyArray<number>
): ReadonlyArray<number> =>
  Array.from(
    { length: Math.max(some.length, others.length) },
    (_, n) => (some[n] ?? 0) + (others[n] ?? 0)
  )

const grown = (before: ReadonlyArray<number>, after: ReadonlyArray<number>) =>
  after.map((count, n) => count - (before[n] ?? 0))

const isSome = (count: number): boolean => count > 0
