/**
 * How many jobs a second run that share one key, and that share a thousand?
 */
import { rate } from "../Rate.ts"
import { keepsUp, type Scenario } from "../Scenario.ts"

const scenario = (name: string, keyOf: (n: number) => string): Scenario => ({
  name,
  figures: [{ unit: "jobs/s", better: "more" }],
  asks: (contender) => contender.hasLanes && keepsUp(contender),
  run: async ({ analyze, crew, isQuick, producer }) => {
    const count = isQuick ? 10_000 : 50_000
    await producer.bulk(count, (n) => ({ payload: { n }, key: keyOf(n) }))
    await analyze()
    return [await rate(crew("backlog"), { count, windowMillis: isQuick ? 3000 : 5000 })]
  }
})

export const oneLane = scenario("one lane of 50 k", () => "one")
export const manyLanes = scenario("1,000 lanes, 50 k jobs", (n) => `lane ${n % 1000}`)
