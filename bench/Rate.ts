/**
 * Jobs per second, by the clocks of the workers.
 */
import type { Crew } from "./Crew.ts"
import { clock } from "./Handler.ts"

/**
 * From the first start to the last of `count`, or to the end of the window where there are fewer.
 * With several processes, from when all have begun. NaN when none was started.
 */
export const rate = async (crew: Crew, { count, kind = "job", windowMillis }: {
  readonly count: number
  readonly kind?: string
  readonly windowMillis: number
}): Promise<number> => {
  if (!await crew.until(() => crew.tally(kind).count > 0, 20_000)) return Number.NaN
  const isDone = await crew.until(() => crew.tally(kind).count >= count, windowMillis)
  const { count: started, lastAt } = crew.tally(kind)
  const begin = Math.max(...crew.tallies(kind).map(({ firstAt }) => firstAt))
  const end = isDone ? lastAt : clock()
  const before = crew.pids.length === 1 ? 1 : crew.countAt(begin, kind)
  return (started - before) / ((end - begin) / 1000)
}
