/**
 * What does a process cost that has nothing to do, once it has settled?
 */
import { readFileSync } from "node:fs"
import * as Cpu from "../Cpu.ts"
import { pause, queues, type Scenario, type Stage } from "../Scenario.ts"

export const idle: Scenario = {
  name: "an idle process",
  figures: [
    { of: "transactions", unit: "/s", better: "less" },
    { of: "CPU", unit: "% of a core", better: "less" },
    { of: "memory", unit: "MB", better: "less" }
  ],
  asks: queues,
  isDeep: true,
  run: async (stage) => {
    const workers = stage.crew("prompt")
    await stage.producer.one({ n: 0 })
    await workers.until(() => workers.tally().count === 1, 20_000)
    // Only the worker shall be seen: no producer, and no session that looks.
    await stage.producer.close()
    await stage.sql.end()

    const millis = stage.isQuick ? 4000 : 15_000
    await pause(millis)
    const before = { transactions: await transactions(stage), cpu: Cpu.ofProcess(workers.pids[0]!) }
    const begin = performance.now()
    await pause(millis)
    const seconds = (performance.now() - begin) / 1000
    return [
      stage.contender.role === "redis"
        ? undefined
        : (await transactions(stage) - before.transactions) / seconds,
      (Cpu.ofProcess(workers.pids[0]!) - before.cpu) / seconds * 100,
      residentMegabytes(workers.pids[0]!)
    ]
  }
}

/** Counted from another database, so that looking is not counted. */
const transactions = async ({ server }: Stage) => {
  const { rows } = await server.query<{ count: string }>(
    "SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = 'bench'"
  )
  return Number(rows[0]!.count)
}

const residentMegabytes = (pid: number) => {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!
  return Number(kilobytes) / 1024
}
