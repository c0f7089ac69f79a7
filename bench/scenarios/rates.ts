/**
 * How many jobs a second.
 */
import { rate, type Scenario } from "../Contender.ts"

const inAMinute = async (count: number, add: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now()
  await add()
  return count / ((performance.now() - begin) / 1000)
}

export const drain: Scenario = {
  name: "drain, one process",
  unit: "jobs/s",
  isRate: true,
  run: async (session, isQuick) => {
    const count = isQuick ? 20_000 : 100_000
    await session.bulk(count)
    return rate(session, count)
  }
}

export const bulk: Scenario = {
  name: "enqueue, 1,000 a call",
  unit: "jobs/s",
  isRate: true,
  run: (session, isQuick) => {
    const count = isQuick ? 20_000 : 100_000
    return inAMinute(count, () => session.bulk(count))
  }
}

const single = (fibers: number): Scenario => ({
  name: `enqueue singly, ${fibers} at once`,
  unit: "jobs/s",
  isRate: true,
  run: (session, isQuick) => {
    const each = Math.ceil((isQuick ? 1500 : 6000) / fibers)
    const producer = async () => {
      for (let n = 0; n < each; n++) await session.one()
    }
    return inAMinute(
      each * fibers,
      () => Promise.all(Array.from({ length: fibers }, producer))
    )
  }
})
export const singles = [single(1), single(24), single(256)]

export const oneLane: Scenario = {
  name: "one lane of 50 k",
  unit: "jobs/s",
  isRate: true,
  run: async (session, isQuick) => {
    const count = isQuick ? 10_000 : 50_000
    await session.bulk(count, () => "one")
    return rate(session, count, undefined, 5000)
  }
}

export const manyLanes: Scenario = {
  name: "1,000 lanes, 50 k jobs",
  unit: "jobs/s",
  isRate: true,
  run: async (session, isQuick) => {
    const count = isQuick ? 10_000 : 50_000
    await session.bulk(count, (n) => `lane ${n % 1000}`)
    return rate(session, count, undefined, 10_000)
  }
}

export const behindLane: Scenario = {
  name: "10 k un-keyed behind 50 k of one key",
  unit: "jobs/s",
  isRate: true,
  run: async (session, isQuick) => {
    await session.bulk(isQuick ? 10_000 : 50_000, () => "one")
    await session.bulk(10_000)
    return rate(session, 10_000, (key) => key === undefined, 20_000)
  }
}
