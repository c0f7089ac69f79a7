/**
 * How many jobs a second come in, a thousand a call, one call after the other?
 */
import { everyProducer, type Scenario } from "../Scenario.ts"

export const bulk: Scenario = {
  name: "enqueue, 1,000 a call",
  figures: [{ unit: "jobs/s", better: "more" }],
  asks: (contender) => everyProducer(contender),
  run: async ({ isQuick, producer }) => {
    const count = isQuick ? 20_000 : 100_000
    await producer.bulk(1000)
    const begin = performance.now()
    await producer.bulk(count)
    return [count / ((performance.now() - begin) / 1000)]
  }
}
