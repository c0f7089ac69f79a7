/**
 * What do jobs that fail cost? 100 k of them fail and wait for their next try, or are on it again;
 * then 10 k that do not fail come beside them.
 */
import { clock } from "../Handler.ts"
import { rate } from "../Rate.ts"
import { everyProducer, keepsUp, queues, type Scenario } from "../Scenario.ts"

export const retries: Scenario = {
  name: "100 k failing jobs in retry",
  figures: [
    { of: "failed runs", unit: "jobs/s", better: "more" },
    { of: "10 k others added and started beside them", unit: "jobs/s", better: "more" }
  ],
  asks: (contender) => queues(contender) && everyProducer(contender) && keepsUp(contender),
  isDeep: true,
  limitSeconds: 180,
  run: async ({ analyze, crew, isQuick, producer }) => {
    const failing = isQuick ? 5000 : 100_000
    await producer.bulk(failing, (n) => ({ payload: { n, kind: "failing", fails: true } }))
    await analyze()
    const workers = crew("backlog")
    const failures = await rate(workers, {
      count: failing,
      kind: "failing",
      windowMillis: isQuick ? 5000 : 60_000
    })

    const begin = clock()
    const others = isQuick ? 2000 : 10_000
    await producer.bulk(others, (n) => ({ payload: { n, kind: "other" } }))
    const areDone = await workers.until(() => workers.tally("other").count >= others, 60_000)
    const seconds = (workers.tally("other").lastAt - begin) / 1000
    return [failures, areDone ? others / seconds : Number.NaN]
  }
}
