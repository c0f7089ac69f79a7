/**
 * Fills graphile-worker, by its own means, with jobs in every state, and keeps one running. Says
 * "ready" when they are there.
 */
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import { setTimeout } from "node:timers/promises"

const connectionString = process.argv[2]
const logger = new Logger(() => () => {})
const utils = await makeWorkerUtils({ connectionString, logger })
await utils.migrate()

const began = Promise.withResolvers()
await utils.addJob("hold", { n: 1 }, { queueName: "busy" })
await utils.addJob("hold", { n: 2 }, { queueName: "busy", runAt: new Date(Date.now() + 3_600_000) })
await utils.addJob("break", {}, { maxAttempts: 1 })
const flaky = await utils.addJob("flaky", { n: 3 }, { maxAttempts: 5 })
await run({
  connectionString,
  noHandleSignals: true,
  preset: { worker: { logger, concurrentJobs: 3 } },
  taskList: {
    hold: () => {
      began.resolve()
      return new Promise(() => {})
    },
    break: () => Promise.reject(new Error("broken")),
    flaky: () => Promise.reject(new Error("once"))
  }
})
const settled = `
  select id from graphile_worker.jobs
  where task_identifier <> 'hold' and attempts = 1 and locked_at is null
`
while (true) {
  const { rows } = await utils.withPgClient((client) => client.query(settled))
  if (rows.length === 2) break
  await setTimeout(20)
}
await began.promise
await utils.rescheduleJobs([flaky.id], { runAt: new Date(Date.now() + 3_600_000) })

// The worker does not know these tasks, so that the jobs wait.
const at = (seconds) => new Date(Date.now() + seconds * 1000)
await utils.addJob("mail", { n: 10 })
await utils.addJob("mail", { n: 11 }, { priority: 5 })
await utils.addJob("mail", { n: 12 }, { priority: -5 })
await utils.addJob("mail", { n: 13 }, { runAt: at(3600) })
await utils.addJob("mail", { n: 14 }, { runAt: at(-60), maxAttempts: 7, jobKey: "once" })
await utils.addJob("mail", { n: 15, text: "\u0000" })
await utils.addJob("bill", { n: 20 }, { queueName: "customer-7" })
await utils.addJob("mail", { n: 21 }, { queueName: "customer-7" })
await utils.addJob("bill", { n: 22 }, { queueName: "customer-7", priority: -1 })
process.stdout.write("ready\n")
