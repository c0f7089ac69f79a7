/**
 * With a million jobs scheduled for tomorrow: how long after its time does a due one start, and how
 * long does a claim take?
 */
import { clock } from "../Handler.ts"
import * as OwnClaims from "../OwnClaims.ts"
import { everyProducer, pause, quantile, queues, type Scenario } from "../Scenario.ts"

export const scheduled: Scenario = {
  name: "a million scheduled",
  figures: [
    { of: "start of a due one after its time, p50", unit: "ms", better: "less" },
    { of: "a claim of 100", unit: "ms" }
  ],
  asks: (contender) => queues(contender) && everyProducer(contender),
  isDeep: true,
  limitSeconds: 300,
  run: async (stage) => {
    const { contender, crew, isQuick, producer } = stage
    const tomorrow = new Date(Date.now() + 24 * 3600 * 1000)
    const count = isQuick ? 20_000 : 1_000_000
    const slice = Math.ceil(count / 4)
    for (let added = slice; added <= count; added += slice) {
      await producer.bulk(slice, (n) => ({ payload: { n, kind: "tomorrow" }, runAt: tomorrow }))
      if (!isQuick) stage.note(`${added} added`)
    }
    await stage.analyze()
    let claimMillis: number | undefined
    if (contender.role === "own") {
      await producer.bulk(500)
      claimMillis = await (await OwnClaims.open(stage)).meanMillis()
    }

    const workers = crew("prompt")
    await producer.bulk(1, (n) => ({ payload: { n, kind: "ready" } }))
    await workers.until(() => workers.tally("ready").count === 1, 20_000)
    const probes = isQuick ? 5 : 20
    for (let n = 0; n < probes; n++) {
      const at = Math.ceil(clock()) + 2500
      await producer.bulk(1, () => ({ payload: { n, kind: "due", at }, runAt: new Date(at) }))
      // At no particular moment of anybody's poll.
      await pause(137 + Math.random() * 500)
    }
    const isDone = await workers.until(() => workers.tally("due").count === probes, 30_000)
    if (!isDone) throw new Error("a due job did not start")
    return [quantile(workers.takeWaits(), 0.5), claimMillis]
  }
}
