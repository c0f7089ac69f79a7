/**
 * What does a process cost that has nothing to do, once it has settled?
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
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
    const before = { transactions: await transactions(stage), cpu: cpuSeconds(workers.pids[0]!) }
    const begin = performance.now()
    await pause(millis)
    const seconds = (performance.now() - begin) / 1000
    return [
      stage.contender.role === "redis"
        ? undefined
        : (await transactions(stage) - before.transactions) / seconds,
      (cpuSeconds(workers.pids[0]!) - before.cpu) / seconds * 100,
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

const cpuSeconds = (pid: number) => {
  // The name, in parentheses, may hold spaces; user and system time are the 12th and 13th field
  // after.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond()
}

const ticksPerSecond = () => Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }))

const residentMegabytes = (pid: number) => {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!
  return Number(kilobytes) / 1024
}
