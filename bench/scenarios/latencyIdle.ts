/**
 * How long from an enqueue to the start of its handler, in another process that has nothing to do?
 */
import { clock } from "../Handler.ts"
import { keepsUp, pause, quantile, queues, type Scenario } from "../Scenario.ts"

export const latencyIdle: Scenario = {
  name: "enqueue to start, idle",
  figures: ["p50", "p99", "p99.9"].map((of) => ({ of, unit: "ms", better: "less" })),
  asks: (contender) => queues(contender) && keepsUp(contender),
  run: async ({ crew, isQuick, producer }) => {
    const workers = crew("prompt")
    const waits: Array<number> = []
    const probe = async () => {
      await producer.one({ n: 0, at: clock(), isAwaited: true })
      let taken: ReadonlyArray<number> = []
      await workers.until(() => (taken = workers.takeWaits()).length > 0, 20_000)
      waits.push(...taken)
      await pause(2 + Math.random() * 8)
    }
    for (let n = 0; n < 20; n++) await probe()
    waits.length = 0

    const wanted = isQuick ? 200 : 1000
    const end = performance.now() + (isQuick ? 5000 : 15_000)
    while (waits.length < wanted && performance.now() < end) await probe()
    return [quantile(waits, 0.5), quantile(waits, 0.99), quantile(waits, 0.999)]
  }
}
