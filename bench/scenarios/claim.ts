/**
 * Does a claim take longer when more jobs wait? Twenty claims of 100 jobs, each handed back, at
 * each depth. Only pgq can be asked: a peer's claim cannot be taken out of its worker.
 */
import * as OwnClaims from "../OwnClaims.ts"
import { ownOnly, type Scenario } from "../Scenario.ts"

const depths = [
  { of: "1 k", count: 1000 },
  { of: "100 k", count: 100_000 },
  { of: "1 M", count: 1_000_000 },
  { of: "5 M", count: 5_000_000 }
]

export const claim: Scenario = {
  name: "a claim of 100, by jobs waiting",
  figures: [
    ...depths.map(({ of }) => ({ of, unit: "ms" })),
    ...depths.slice(1).map(({ of }) => ({ of: `${of} against 1 k`, unit: "×" }))
  ],
  asks: ownOnly,
  isDeep: true,
  limitSeconds: 600,
  run: async (stage) => {
    const claims = await OwnClaims.open(stage)
    const means: Array<number | undefined> = []
    let waiting = 0
    for (const { count, of } of depths) {
      if (stage.isQuick && count > 100_000) {
        means.push(undefined)
        continue
      }
      for (; waiting < count; waiting += Math.min(count - waiting, 100_000)) {
        await stage.sql.query(
          `INSERT INTO pgq.jobs (name, payload)
           SELECT 'work', jsonb_build_object('n', n) FROM generate_series($1::integer, $2) AS n`,
          [waiting + 1, Math.min(count, waiting + 100_000)]
        )
      }
      means.push(await claims.meanMillis())
      stage.note(`${of}: ${means.at(-1)!.toFixed(2)} ms`)
    }
    const ratios = means.slice(1).map((mean) => mean === undefined ? undefined : mean / means[0]!)
    return [...means, ...ratios]
  }
}
