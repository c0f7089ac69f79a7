/**
 * What does a transaction cost that stays open for minutes, so that nothing can be vacuumed? Jobs
 * come at 1,000 a second; waiting times before it, and after two minutes of it.
 */
import { Client } from "pg"
import {
  everyProducer,
  keepsUp,
  onPostgres,
  quantile,
  type Scenario,
  type Stage
} from "../Scenario.ts"
import { steadily } from "../Steady.ts"

export const phases = (isQuick: boolean) =>
  isQuick ? { freeMillis: 3000, pinnedMillis: 6000, lastMillis: 3000 } : {
    freeMillis: 10_000,
    pinnedMillis: 100_000,
    lastMillis: 20_000
  }

/** Opens a transaction whose snapshot holds on to every dead row from now on. */
export const pin = async ({ later, place }: Stage): Promise<void> => {
  const client = new Client({ connectionString: place.url })
  client.on("error", () => {})
  await client.connect()
  later(() => client.end())
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()")
}

export const pinned: Scenario = {
  name: "an xmin pinned for two minutes, enqueue to start at 1,000 jobs/s, p99",
  figures: [
    { of: "free", unit: "ms", better: "less" },
    { of: "pinned", unit: "ms", better: "less" },
    { of: "pinned against free", unit: "×" }
  ],
  asks: (contender) => onPostgres(contender) && everyProducer(contender) && keepsUp(contender),
  isDeep: true,
  limitSeconds: 240,
  run: async (stage) => {
    const { crew, isQuick, note, producer } = stage
    const { freeMillis, lastMillis, pinnedMillis } = phases(isQuick)
    const workers = crew("prompt")
    let added = 0
    const p99 = async (millis: number) => {
      workers.takeWaits()
      await steadily({ jobsPerSecond: 1000, millis }, (count, at) => {
        added += count
        return producer.bulk(count, (n) => ({ payload: { n, at } }))
      })
      if (!await workers.until(() => workers.tally().count >= added, 10_000)) {
        throw new Error(`it fell behind by ${added - workers.tally().count} jobs`)
      }
      return quantile(workers.takeWaits(), 0.99)!
    }
    await p99(2000)
    const free = await p99(freeMillis)
    note(`free: ${free.toFixed(1)} ms`)
    await pin(stage)
    await p99(pinnedMillis)
    const last = await p99(lastMillis)
    return [free, last, last / free]
  }
}
