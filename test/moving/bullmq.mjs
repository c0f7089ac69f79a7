/**
 * Fills BullMQ, by its own means, with jobs in every state, and keeps one running. Says "ready" when
 * they are there.
 */
import { FlowProducer, Queue, Worker } from "bullmq"

const connection = { port: Number(process.argv[2]), maxRetriesPerRequest: null }
const queue = new Queue("mail", { connection })
// A worker by hand: it takes the jobs that it is told to take, and no other one.
const worker = new Worker("mail", null, { connection, lockDuration: 600_000 })
await queue.add("hold", { n: 1 })
await worker.getNextJob("hold")
await queue.add("break", { n: 2 })
await queue.add("flaky", { n: 3 }, { attempts: 5, backoff: 3_600_000 })
for (const token of ["break", "flaky"]) {
  const job = await worker.getNextJob(token)
  await job.moveToFailed(new Error(`${job.name} fails`), token)
}

await queue.add("send", { n: 10 })
await queue.add("send", { n: 11 }, { priority: 5 })
await queue.add("send", { n: 12 }, { priority: 2 })
await queue.add("send", { n: 13 }, { delay: 3_600_000, attempts: 7 })
await queue.add("send", { n: 14 }, { jobId: "named" })
await queue.add("send", { n: 15 }, { lifo: true })
await queue.add("send", { n: 16, text: "\u0000" })
await queue.upsertJobScheduler("nightly", { pattern: "0 3 * * *" }, { name: "report", data: {} })
await new FlowProducer({ connection }).add({
  name: "parent",
  queueName: "mail",
  children: [{ name: "child", queueName: "mail" }]
})
process.stdout.write("ready\n")
