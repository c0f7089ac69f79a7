/**
 * Jobs that come at a steady rate, whatever becomes of them.
 */
import { clock } from "./Handler.ts"
import { pause } from "./Scenario.ts"

/**
 * Calls `add` every ten milliseconds with how many jobs are due and since when. Who falls behind is
 * charged for it: late jobs count from when they were due.
 */
export const steadily = async (
  { jobsPerSecond, millis }: { readonly jobsPerSecond: number; readonly millis: number },
  add: (count: number, at: number) => Promise<unknown>
): Promise<void> => {
  const tick = 10
  const begin = clock()
  let done = 0
  while (true) {
    const due = Math.floor(Math.min(clock() - begin, millis) / tick)
    if (due > done) {
      const at = Math.min(clock(), begin + (done + 2) * tick)
      await add((due - done) * jobsPerSecond * tick / 1000, at)
      done = due
    } else if (due * tick >= millis) return
    else await pause(Math.max(1, begin + (done + 1) * tick - clock()))
  }
}
