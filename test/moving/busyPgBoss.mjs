/**
 * Fills pg-boss with jobs, keyed and free, and works on them: each leaves its number in the table
 * `ran`. Says "ready" when the jobs are there.
 */
import { Pool } from "pg"
import { PgBoss } from "pg-boss"

const connectionString = process.argv[2]
const pool = new Pool({ connectionString })
await pool.query("create table ran (n integer)")
const boss = new PgBoss({ connectionString })
boss.on("error", () => {})
await boss.start()
await boss.createQueue("free")
await boss.createQueue("keyed", { policy: "key_strict_fifo" })
const jobs = Array.from({ length: 3000 }, (_, n) => ({ data: { n } }))
await boss.insert("free", jobs.filter((_, n) => n % 3 > 0))
await boss.insert(
  "keyed",
  jobs.filter((_, n) => n % 3 === 0).map((job, n) => ({ ...job, singletonKey: `k${n % 5}` }))
)
process.stdout.write("ready\n")

const work = async (name) => {
  while (true) {
    const [job] = await boss.fetch(name)
    if (job === undefined) continue
    await pool.query("insert into ran values ($1)", [job.data.n])
    await boss.complete(name, job.id)
  }
}
await Promise.all(["free", "free", "keyed", "keyed"].map(work))
