/**
 * What does it cost a producer that its insert orders, marks and wakes? Sixteen sessions insert and
 * commit one job after the other, with pgq's triggers and without them, turn by turn; while every
 * worker is busy, and while one waits for work.
 */
import { Client } from "pg"
import { ownOnly, pause, type Scenario, type Stage } from "../Scenario.ts"

const commits = async (clients: ReadonlyArray<Client>, millis: number) => {
  const end = performance.now() + millis
  let count = 0
  await Promise.all(clients.map(async (client) => {
    for (; performance.now() < end; count++) {
      await client.query({
        name: "add",
        text: "INSERT INTO pgq.jobs (name, payload) VALUES ('work', $1)",
        values: [`{"n":${count}}`]
      })
    }
  }))
  return count / (millis / 1000)
}

const rates = async ({ isQuick, sql }: Stage, clients: ReadonlyArray<Client>) => {
  const turns = isQuick ? 2 : 5
  const sums = { ENABLE: 0, DISABLE: 0 }
  await commits(clients, 300)
  for (let turn = 0; turn < turns; turn++) {
    for (const state of ["ENABLE", "DISABLE"] as const) {
      await sql.query(`ALTER TABLE pgq.jobs ${state} TRIGGER USER`)
      sums[state] += await commits(clients, isQuick ? 500 : 1000)
    }
  }
  await sql.query("ALTER TABLE pgq.jobs ENABLE TRIGGER USER")
  return { rate: sums.ENABLE / turns, share: sums.ENABLE / sums.DISABLE * 100 }
}

export const producers: Scenario = {
  name: "16 sessions insert and commit",
  figures: ["busy", "idle"].flatMap((state) => [
    { of: `workers ${state}`, unit: "commits/s" },
    { of: `workers ${state}, of the rate without triggers`, unit: "%" }
  ]),
  asks: ownOnly,
  run: async (stage) => {
    const clients = await Promise.all(Array.from({ length: 16 }, async () => {
      const client = new Client({ connectionString: stage.place.url })
      client.on("error", () => {})
      await client.connect()
      stage.later(() => client.end())
      return client
    }))

    // Every slot has a job that outlasts the measurement, so that nothing else runs.
    const workers = stage.crew("slow")
    await stage.producer.bulk(24, (n) => ({ payload: { n, kind: "long", takes: 300_000 } }))
    await workers.until(() => workers.tally("long").count === 24, 20_000)
    const busy = await rates(stage, clients)
    await workers.stop()

    await stage.sql.query("TRUNCATE pgq.jobs, pgq.leases, pgq.workers")
    const idlers = stage.crew("prompt")
    await stage.producer.one({ n: 0 })
    await idlers.until(() => idlers.tally().count === 1, 20_000)
    await pause(1000)
    const idle = await rates(stage, clients)
    return [busy.rate, busy.share, idle.rate, idle.share]
  }
}
