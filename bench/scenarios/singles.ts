/**
 * How many jobs a second come in one by one, from callers that each wait for their answer?
 */
import { everyProducer, type Scenario } from "../Scenario.ts"

const single = (fibers: number): Scenario => ({
  name: `enqueue singly, ${fibers} at once`,
  figures: [{ unit: "jobs/s", better: "more" }],
  asks: (contender) => everyProducer(contender) && contender.role !== "limit",
  run: async ({ isQuick, producer }) => {
    const add = async (seconds: number) => {
      const begin = performance.now()
      const end = begin + seconds * 1000
      let added = 0
      const caller = async () => {
        for (; performance.now() < end; added++) await producer.one({ n: added })
      }
      await Promise.all(Array.from({ length: fibers }, caller))
      return added / ((performance.now() - begin) / 1000)
    }
    await add(0.3)
    return [await add(isQuick ? 1 : 2)]
  }
})

export const singles = [single(1), single(24), single(256)]
