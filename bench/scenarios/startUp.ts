/**
 * How long from the start of a process until its first handler runs? The database is ready and a
 * job waits.
 */
import { queues, type Scenario } from "../Scenario.ts"

export const startUp: Scenario = {
  name: "start-up to first job",
  figures: [{ unit: "ms", better: "less" }],
  asks: queues,
  run: async ({ crew, producer }) => {
    await producer.one({ n: 0 })
    const workers = crew("prompt")
    const hasBegun = await workers.until(() => workers.tally().count > 0, 20_000)
    return [hasBegun ? workers.tally().firstAt - workers.startedAt : undefined]
  }
}
