/**
 * BullMQ on a Redis that writes its log to disk every second, which is how it is usually made
 * durable.
 */
import { Queue } from "bullmq"
import { byThousands, type Contender, peerWorker } from "../Contender.ts"
import type { Payload } from "../Handler.ts"

export const bullmq: Contender = {
  name: "BullMQ (Redis)",
  packages: ["bullmq", "ioredis"],
  settings: "concurrency 100 (24 for slow jobs), exponential backoff; Redis with appendonly yes, " +
    "appendfsync everysec: a crash may lose the last second; keys need its commercial edition; " +
    "history not kept is removeOnComplete; for comparison, not a peer on PostgreSQL",
  role: "redis",
  hasLanes: false,
  hasBulk: true,
  isAtDefaults: false,
  worker: (place, load) => peerWorker("bullmq", { ...place, load, isTuned: true }),
  open: async ({ redisPort }) => {
    const queue = new Queue<Payload>("work", {
      connection: { port: redisPort },
      defaultJobOptions: { attempts: 25, backoff: { type: "exponential", delay: 1000 } }
    })
    queue.on("error", () => {})
    return {
      bulk: (count, jobOf) =>
        byThousands(count, jobOf, (jobs) =>
          queue.addBulk(jobs.map(({ payload, runAt }) => ({
            name: "work",
            data: payload,
            ...(runAt === undefined
              ? {}
              : { opts: { delay: Math.max(runAt.getTime() - Date.now(), 0) } })
          })))),
      one: (payload) => queue.add("work", payload),
      close: () => queue.close()
    }
  }
}
