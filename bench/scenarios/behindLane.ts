/**
 * Do jobs without a key suffer from a long lane before them? 10 k of them, alone, then behind 50 k
 * of one key.
 */
import { rate } from "../Rate.ts"
import { keepsUp, type Scenario } from "../Scenario.ts"

export const behindLane: Scenario = {
  name: "10 k un-keyed behind 50 k of one key",
  figures: [
    { unit: "jobs/s", better: "more" },
    { of: "of the rate without them", unit: "%" }
  ],
  asks: (contender) => contender.hasLanes && keepsUp(contender),
  run: async ({ analyze, crew, isQuick, producer }) => {
    const count = 10_000
    const free = async (kind: string) => {
      await producer.bulk(count, (n) => ({ payload: { n, kind } }))
      await analyze()
      const workers = crew("backlog")
      const found = await rate(workers, { count, kind, windowMillis: isQuick ? 3000 : 8000 })
      await workers.stop()
      return found
    }
    const alone = await free("alone")
    await producer.bulk(isQuick ? 10_000 : 50_000, (n) => ({
      payload: { n, kind: "keyed" },
      key: "one"
    }))
    const behind = await free("behind")
    return [behind, behind / alone * 100]
  }
}
