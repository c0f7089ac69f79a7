/**
 * BullMQ on its PostgreSQL backend.
 */
import { createPostgresBackend, runMigrations, withBackend } from "bullmq"
import { Client } from "pg"
import { byThousands, type Contender, peerWorker } from "../Contender.ts"
import type { Payload } from "../Handler.ts"

const { Queue } = withBackend(createPostgresBackend)

export const bullmqPostgres: Contender = {
  name: "BullMQ (PostgreSQL)",
  packages: ["bullmq", "pg"],
  settings: "concurrency 100 (24 for slow jobs), pool of 25, exponential backoff; keys need its " +
    "commercial edition; history not kept is removeOnComplete",
  role: "peer",
  hasLanes: false,
  hasBulk: true,
  isAtDefaults: false,
  worker: (place, load) => peerWorker("bullmqPostgres", { ...place, load, isTuned: true }),
  open: async ({ url }) => {
    const migrating = new Client({ connectionString: url })
    await migrating.connect()
    await runMigrations(migrating)
    await migrating.end()
    const queue = new Queue<Payload>("work", {
      connection: { connectionString: url, max: 25 },
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
