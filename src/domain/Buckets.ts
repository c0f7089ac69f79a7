/**
 * Quantiles and means of durations of which only a histogram is known.
 */
import { bounds } from "./Figures.ts"

/**
 * The duration in seconds that a share `q` of all durations does not exceed, by the nearest rank;
 * `undefined` if there are none. It lies in the bucket of the exact quantile, as far in as the rank
 * is. In the last bucket, which has no end, it is the least duration there.
 */
export const quantile = (buckets: ReadonlyArray<number>, q: number): number | undefined => {
  const count = buckets.reduce((sum, n) => sum + n, 0)
  if (count === 0) return undefined
  const rank = Math.min(Math.max(Math.ceil(q * count), 1), count)
  let below = 0
  for (const [place, n] of buckets.entries()) {
    if (below + n >= rank) return within(place, (rank - below) / n)
    below += n
  }
  return undefined
}

/**
 * The mean in seconds, as if each duration were in the middle of its bucket; `undefined` if there
 * are none. In the last bucket, which has no end, it is the least duration there.
 */
export const mean = (buckets: ReadonlyArray<number>): number | undefined => {
  const count = buckets.reduce((sum, n) => sum + n, 0)
  if (count === 0) return undefined
  return buckets.reduce((sum, n, place) => sum + n * within(place, .5), 0) / count
}

const within = (place: number, share: number): number => {
  const low = bounds[place - 1] ?? 0
  const high = bounds[place] ?? low
  return low + (high - low) * share
}
