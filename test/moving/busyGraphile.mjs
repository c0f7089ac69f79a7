/**
 * Fills graphile-worker with jobs, keyed and free, and works on them: each leaves its number in the
 * table `ran`. Says "ready" when the jobs are there.
 */
import { Logger, makeWorkerUtils, run } from "graphile-worker"

const connectionString = process.argv[2]
const logger = new Logger(() => () => {})
const utils = await makeWorkerUtils({ connectionString, logger })
await utils.migrate()
await utils.withPgClient((client) => client.query("create table ran (n integer)"))
await utils.addJobs(Array.from({ length: 3000 }, (_, n) => ({
  identifier: "count",
  payload: { n },
  ...(n % 3 === 0 ? { queueName: `q${n % 5}` } : {})
})))
process.stdout.write("ready\n")
await run({
  connectionString,
  noHandleSignals: true,
  preset: { worker: { logger, concurrentJobs: 4, maxPoolSize: 6 } },
  taskList: { count: ({ n }, { query }) => query("insert into ran values ($1)", [n]) }
})
