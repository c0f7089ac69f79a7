/**
 * The same for pgq's claims alone: every ten milliseconds ten jobs come, are claimed and completed.
 */
import * as OwnClaims from "../OwnClaims.ts"
import { ownOnly, quantile, type Scenario } from "../Scenario.ts"
import { steadily } from "../Steady.ts"
import { phases, pin } from "./pinned.ts"

export const pinnedClaim: Scenario = {
  name: "an xmin pinned for two minutes, a claim at 1,000 jobs/s, p99",
  figures: [
    { of: "free", unit: "ms" },
    { of: "pinned", unit: "ms" },
    { of: "pinned against free", unit: "×" }
  ],
  asks: ownOnly,
  isDeep: true,
  limitSeconds: 240,
  run: async (stage) => {
    const { freeMillis, lastMillis, pinnedMillis } = phases(stage.isQuick)
    const claims = await OwnClaims.open(stage)
    const p99 = async (millis: number) => {
      const found: Array<number> = []
      await steadily({ jobsPerSecond: 1000, millis }, async (count) => {
        await stage.producer.bulk(count)
        let claimed: number
        do {
          const claim = await claims.claim("Completed")
          found.push(claim.millis)
          claimed = claim.count
        } while (claimed === 100)
      })
      return quantile(found, 0.99)!
    }
    await p99(2000)
    const free = await p99(freeMillis)
    stage.note(`free: ${free.toFixed(2)} ms`)
    await pin(stage)
    await p99(pinnedMillis)
    const last = await p99(lastMillis)
    return [free, last, last / free]
  }
}
