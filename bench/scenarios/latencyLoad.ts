/**
 * How long from an enqueue to the start of its handler while 1,000 jobs a second come in? The rate
 * is the same for all, because waiting times compare only under the same load, and about half of
 * what the slowest of those asked can do.
 */
import { keepsUp, quantile, queues, type Scenario } from "../Scenario.ts"
import { steadily } from "../Steady.ts"

export const latencyLoad: Scenario = {
  name: "enqueue to start, at 1,000 jobs/s",
  figures: ["p50", "p99", "p99.9"].map((of) => ({ of, unit: "ms", better: "less" })),
  asks: (contender) => queues(contender) && keepsUp(contender),
  run: async ({ crew, isQuick, producer }) => {
    const workers = crew("prompt")
    let added = 0
    const load = (millis: number) =>
      steadily({ jobsPerSecond: 1000, millis }, (count, at) => {
        added += count
        return producer.bulk(count, (n) => ({ payload: { n, at } }))
      })
    const haveStarted = () => workers.until(() => workers.tally().count >= added, 10_000)

    await load(2000)
    await haveStarted()
    workers.takeWaits()

    await load(isQuick ? 2000 : 5000)
    if (!await haveStarted()) throw new Error("it fell behind")
    const waits = workers.takeWaits()
    return [quantile(waits, 0.5), quantile(waits, 0.99), quantile(waits, 0.999)]
  }
}
