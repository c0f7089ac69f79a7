/**
 * pg-boss, at its fastest, and at its defaults. Its jobs with keys go to a queue with a policy of
 * its own.
 */
import { PgBoss } from "pg-boss"
import { byThousands, type Contender, peerWorker } from "../Contender.ts"

const retries = { retryLimit: 25, retryDelay: 1, retryBackoff: true }

const contender = (name: string, settings: string, isTuned: boolean): Contender => ({
  name,
  packages: ["pg-boss"],
  settings,
  role: "peer",
  hasLanes: true,
  hasBulk: true,
  isAtDefaults: !isTuned,
  worker: (place, load) => peerWorker("pgboss", { ...place, load, isTuned }),
  open: async ({ url }) => {
    const boss = new PgBoss({ connectionString: url, max: 20 })
    boss.on("error", () => {})
    await boss.start()
    await boss.createQueue("work", { ...retries, notify: isTuned })
    await boss.createQueue("keyed", { ...retries, policy: "key_strict_fifo", notify: isTuned })
    return {
      bulk: (count, jobOf) =>
        byThousands(count, jobOf, async (jobs) => {
          const free = jobs.filter(({ key }) => key === undefined)
          const keyed = jobs.filter(({ key }) => key !== undefined)
          if (free.length > 0) {
            await boss.insert(
              "work",
              free.map(({ payload, runAt }) => ({
                data: payload,
                ...(runAt === undefined ? {} : { startAfter: runAt })
              }))
            )
          }
          if (keyed.length > 0) {
            await boss.insert(
              "keyed",
              keyed.map(({ key, payload, runAt }) => ({
                data: payload,
                singletonKey: key!,
                ...(runAt === undefined ? {} : { startAfter: runAt })
              }))
            )
          }
        }),
      one: (payload) => boss.send("work", payload),
      close: () => boss.stop({ graceful: false })
    }
  }
})

const shared = "retries with backoff; keys are singletonKeys of a key_strict_fifo queue"

export const pgBossTuned = contender(
  "pg-boss, tuned",
  "a backlog: three loops of fetch(1,000) and complete(), history not kept is deleteJob(); else: work() " +
    "with LISTEN/NOTIFY, localConcurrency 2, batchSize 1,000, burstWhenBatchFull, notifyPollingIntervalSeconds 2 (for slow jobs: " +
    `localConcurrency 4, batchSize 6); pool of 25; ${shared}`,
  true
)

export const pgBoss = contender(
  "pg-boss",
  `work() with localConcurrency 24, else at its defaults: a job every 2 s per worker; ${shared}`,
  false
)
