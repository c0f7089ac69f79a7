/**
 * How many jobs a second that do nothing do one process and two run?
 */
import { rate } from "../Rate.ts"
import { everyProducer, type Scenario } from "../Scenario.ts"

const scenario = (name: string, processes: number, keepsHistory: boolean): Scenario => ({
  name,
  figures: [{ unit: "jobs/s", better: "more" }],
  asks: processes === 1 && keepsHistory ? () => true : everyProducer,
  keepsHistory,
  run: async ({ analyze, contender, crew, isQuick, producer }) => {
    const count = isQuick ? 20_000 * processes : 100_000
    await producer.bulk(count)
    await analyze()
    // The limit is one session.
    const workers = crew("backlog", contender.role === "limit" ? 1 : processes)
    return [await rate(workers, { count, windowMillis: isQuick ? 3000 : 5000 })]
  }
})

export const drain = scenario("drain, one process, history kept", 1, true)
export const drainTwo = scenario("drain, two processes, history kept", 2, true)
export const drainUnkept = scenario("drain, one process, history not kept", 1, false)
export const drainTwoUnkept = scenario("drain, two processes, history not kept", 2, false)
