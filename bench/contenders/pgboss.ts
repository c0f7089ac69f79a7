/**
 * pg-boss: `work()` with LISTEN/NOTIFY, and its fastest way, `fetch` and `complete` by thousands.
 */
import { PgBoss } from "pg-boss"
import { type Contender, thousands } from "../Contender.ts"

const contender = (name: string, settings: string, isFetching: boolean): Contender => ({
  name,
  settings,
  open: async (connectionString) => {
    const boss = new PgBoss({ connectionString, max: 20, useListenNotify: true, schedule: false })
    boss.on("error", () => {})
    await boss.start()
    await boss.createQueue("work", { notify: true })
    await boss.createQueue("keyed", { policy: "key_strict_fifo", notify: true })

    const fetching = (onJob: (key: string | undefined) => void) => {
      const stopped = new AbortController()
      const loop = async (queue: string, batchSize: number) => {
        while (!stopped.signal.aborted) {
          const jobs = await boss.fetch<{ n: number }>(queue, { batchSize })
          jobs.forEach(() => onJob(queue === "keyed" ? "key" : undefined))
          if (jobs.length > 0) await boss.complete(queue, jobs.map(({ id }) => id))
          else await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      const loops = Promise.all([loop("work", 1000), loop("work", 1000), loop("keyed", 1)])
      return async () => {
        stopped.abort()
        await loops
      }
    }
    const working = async (onJob: (key: string | undefined) => void) => {
      const options = { localConcurrency: 8, batchSize: 100, pollingIntervalSeconds: 0.5 }
      await boss.work("work", options, async (jobs) => jobs.forEach(() => onJob(undefined)))
      await boss.work("keyed", options, async (jobs) => jobs.forEach(() => onJob("key")))
      return async () => {
        await boss.offWork("work")
        await boss.offWork("keyed")
      }
    }
    return {
      bulk: async (count, keyOf) => {
        for (const batch of thousands(count)) {
          await boss.insert(
            keyOf === undefined ? "work" : "keyed",
            batch.map((n) => ({
              data: { n },
              ...(keyOf === undefined ? {} : { singletonKey: keyOf(n) })
            }))
          )
        }
      },
      one: () => boss.send("work", { n: 0 }),
      work: async (onJob) => isFetching ? fetching(onJob) : await working(onJob),
      close: () => boss.stop({ graceful: false })
    }
  }
})

export const pgBoss = contender(
  "pg-boss",
  "work(): localConcurrency 8, batchSize 100, polling 0.5 s, LISTEN/NOTIFY",
  false
)

export const pgBossBest = contender(
  "pg-boss, fetch",
  "two loops of fetch and complete, 1,000 jobs each",
  true
)
