/**
 * How long from the enqueue to the start of the handler, with an idle worker.
 */
import type { Scenario, Session } from "../Contender.ts"

const ignore = () => {}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const latencies = async (session: Session, isQuick: boolean): Promise<ReadonlyArray<number>> => {
  let started: (at: number) => void = ignore
  const stop = await session.work(() => started(performance.now()))
  await pause(2000)
  const found: Array<number> = []
  for (let n = 0; n < (isQuick ? 60 : 300); n++) {
    const begin = performance.now()
    const start = new Promise<number>((resolve) => {
      started = resolve
    })
    await session.one()
    found.push(await start - begin)
    await pause(5 + Math.random() * 20)
  }
  await stop()
  return found.toSorted((a, b) => a - b)
}

const quantile = (share: number): Scenario => ({
  name: `enqueue to start, idle, p${share * 100}`,
  unit: "ms",
  isRate: false,
  run: async (session, isQuick) => {
    const sorted = await latencies(session, isQuick)
    return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]!
  },
  // Its loops poll: they measure their own pause.
  without: ["pg-boss, fetch"]
})

export const idle = [quantile(0.5), quantile(0.99)]
