/**
 * Are jobs of 50 ms shared evenly between three processes of 24 at once, and how near to the ideal
 * do they come?
 */
import { clock } from "../Handler.ts"
import { keepsUp, queues, type Scenario } from "../Scenario.ts"

const takes = 50
const slots = 3 * 24

export const spread: Scenario = {
  name: "jobs of 50 ms, three processes",
  figures: [
    { of: "time against the ideal", unit: "×", better: "less" },
    { of: "most jobs of a process against the least", unit: "×", better: "less" }
  ],
  asks: (contender) => queues(contender) && keepsUp(contender),
  run: async ({ crew, isQuick, producer }) => {
    const rounds = isQuick ? 20 : 60
    const ideal = rounds * takes
    const workers = crew("slow", 3)

    // All three have begun before the clock starts.
    let warmers = 0
    const areUp = () => workers.tallies("warm").length === 3
    for (let tries = 0; tries < 30 && !areUp(); tries++) {
      await producer.bulk(slots, (n) => ({ payload: { n, kind: "warm", takes } }))
      warmers += slots
      await workers.until(areUp, 500)
    }
    await workers.until(() => workers.tally("warm").count >= warmers, 20_000)

    const begin = clock()
    await producer.bulk(slots * rounds, (n) => ({ payload: { n, takes } }))
    const isDone = await workers.until(
      () => workers.tally().count >= slots * rounds,
      5 * ideal
    )
    if (!isDone) throw new Error("not within five times the ideal")
    const counts = workers.tallies().map(({ count }) => count)
    return [
      (workers.tally().lastAt + takes - begin) / ideal,
      Math.max(...counts) / Math.min(...counts)
    ]
  }
}
