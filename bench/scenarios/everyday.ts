/**
 * What does an ordinary load cost in the long run? 500 jobs/s of 20 ms under 200 keys, for five
 * minutes; 2 % fail on their first try, and 1 % are for some seconds later.
 *
 * The keys come in turn, so a job seldom meets another one of its key. All that fail or are for
 * later have one of the second hundred: a queue that holds the lane of a failed job makes others
 * wait on purpose, so these lanes are no part of the waiting times.
 */
import type { NewJob } from "../Contender.ts"
import * as Cost from "../Cost.ts"
import { keepsUp, quantile, queues, type Scenario } from "../Scenario.ts"
import { steadily } from "../Steady.ts"

const jobsPerSecond = 500

const kindOf = (n: number) => n % 50 === 1 ? "failing" : n % 100 === 3 ? "delayed" : "job"

const jobOf = (n: number, at: number): NewJob => {
  const kind = kindOf(n)
  const payload = { n, kind, takes: 20 }
  if (kind !== "job") {
    const key = `key ${100 + Math.floor(n / 50) % 100}`
    return kind === "failing"
      ? { payload: { ...payload, failsOnce: true }, key }
      : { payload, key, runAt: new Date(at + 2000 + n % 3 * 1000) }
  }
  const lane = n % 200
  return { payload: lane < 100 ? { ...payload, at } : payload, key: `key ${lane}` }
}

export const everyday: Scenario = {
  name: "five minutes of 500 jobs/s of 20 ms",
  figures: [
    { of: "due to start, p99", unit: "ms", better: "less" },
    { of: "server CPU", unit: "core-µs/job", better: "less" },
    { of: "WAL", unit: "bytes/job", better: "less" },
    { of: "growth of tables", unit: "bytes/job" },
    { of: "growth of indexes", unit: "bytes/job" },
    { of: "growth of a history apart", unit: "bytes/job" }
  ],
  asks: (contender) => queues(contender) && keepsUp(contender),
  hasKeys: true,
  isDeep: true,
  limitSeconds: 400,
  run: async (stage) => {
    const { contender, crew, isQuick, producer } = stage
    const workers = crew("prompt")
    const added = { all: 0, job: 0, failing: 0, delayed: 0 }
    const add = (count: number, at: number) => {
      const first = added.all
      for (; added.all < first + count; added.all++) added[kindOf(added.all)]++
      return producer.bulk(count, (n) => jobOf(first + n, at))
    }
    /** Seconds of load, and how much it has cost by then. */
    const load = async (seconds: number) => {
      await steadily({ jobsPerSecond, millis: seconds * 1000 }, add)
      const late = added.job - workers.tally().count
      // A minute of it tells as much as five.
      if (late > 5 * jobsPerSecond) throw new Error(`it fell behind by ${late} jobs`)
      return contender.role === "redis" ? undefined : Cost.look(stage)
    }

    // By its end retried and delayed jobs run, too.
    const quarter = isQuick ? 2 : 75
    await load(isQuick ? 3 : 10)
    // Each page is written whole to the WAL at its first change after a checkpoint.
    await stage.server.query("CHECKPOINT")
    workers.takeWaits()
    const before = contender.role === "redis" ? undefined : await Cost.look(stage)
    const first = await load(quarter)
    const last = await load(3 * quarter)

    const haveRun = await workers.until(() =>
      workers.tally().count >= added.job &&
      workers.tally("delayed").count >= added.delayed &&
      workers.tally("failing").count >= 2 * added.failing, 30_000)
    if (!haveRun) throw new Error("not all jobs have run")
    const p99 = quantile(workers.takeWaits(), 0.99)
    if (before === undefined || first === undefined || last === undefined) return [p99]

    const perJob = (from: Cost.Cost, of: keyof Cost.Cost, seconds: number) =>
      (last[of] - from[of]) / (seconds * jobsPerSecond)
    return [
      p99,
      perJob(before, "cpuSeconds", 4 * quarter) * 1e6,
      perJob(before, "walBytes", 4 * quarter),
      perJob(first, "tableBytes", 3 * quarter),
      perJob(first, "indexBytes", 3 * quarter),
      contender.history === undefined ? undefined : perJob(first, "historyBytes", 3 * quarter)
    ]
  }
}
