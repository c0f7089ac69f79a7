/**
 * Fills pg-boss, by its own means, with jobs in every state, and keeps some running. Says "ready"
 * when they are there.
 */
import { PgBoss } from "pg-boss"

const boss = new PgBoss({ connectionString: process.argv[2] })
boss.on("error", () => {})
await boss.start()
await boss.createQueue("mail")
await boss.createQueue("fifo", { policy: "key_strict_fifo" })
await boss.createQueue("single", { policy: "singleton" })

const fetched = async (name) => (await boss.fetch(name))[0]

// Of each: one that runs, one that has failed for good, one between two tries.
await boss.send("mail", { n: 1 })
await fetched("mail")
await boss.send("mail", { n: 2 }, { retryLimit: 0 })
await boss.fail("mail", (await fetched("mail")).id, { message: "broken" })
await boss.send("mail", { n: 3 }, { retryLimit: 4, retryDelay: 3600 })
await boss.fail("mail", (await fetched("mail")).id, { message: "once" })
await boss.send("fifo", { n: 30 }, { singletonKey: "busy" })
await fetched("fifo")
await boss.send("fifo", { n: 31 }, { singletonKey: "busy" })
await boss.send("fifo", { n: 32 }, { singletonKey: "broken", retryLimit: 0 })
await boss.fail("fifo", (await fetched("fifo")).id, { message: "broken" })
await boss.send("fifo", { n: 33 }, { singletonKey: "broken" })
await boss.send("fifo", { n: 41 }, { singletonKey: "k", retryLimit: 3, retryDelay: 3600 })
await boss.fail("fifo", (await fetched("fifo")).id, { message: "once" })

await boss.send("mail", { n: 10 })
await boss.send("mail", { n: 11 }, { priority: -5 })
await boss.send("mail", { n: 12 }, { priority: 5 })
await boss.send("mail", { n: 13 }, { startAfter: 3600 })
await boss.send("mail", { n: 14 }, { group: { id: "g" } })
await boss.send("fifo", { n: 42 }, { singletonKey: "k" })
await boss.send("fifo", { n: 43 }, { singletonKey: "k", priority: 9 })
await boss.send("single", { n: 50 })
await boss.send("single", { n: 51 })
process.stdout.write("ready\n")
