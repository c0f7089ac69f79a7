/**
 * BullMQ on its PostgreSQL backend, and on a Redis that writes its log to disk every second, which
 * is how it is usually made durable.
 */
import { createPostgresBackend, Queue, runMigrations, withBackend } from "bullmq"
import { Client } from "pg"
import { byThousands, type Contender, peerWorker, type Producer } from "../Contender.ts"
import type { Payload } from "../Handler.ts"

const onPostgres = withBackend(createPostgresBackend)

const common = { hasLanes: false, hasBulk: true, isAtDefaults: false } as const

const shared =
  "concurrency 100 (24 for slow jobs), exponential backoff; keys need its commercial " +
  "edition; history not kept is removeOnComplete"

const defaultJobOptions = { attempts: 25, backoff: { type: "exponential", delay: 1000 } }

export const bullmqPostgres: Contender = {
  ...common,
  name: "BullMQ (PostgreSQL)",
  packages: ["bullmq", "pg"],
  settings: `pool of 25; ${shared}`,
  role: "peer",
  worker: (place, load) => peerWorker("bullmqPostgres", { ...place, load, isTuned: true }),
  open: async ({ url }) => {
    const migrating = new Client({ connectionString: url })
    await migrating.connect()
    await runMigrations(migrating)
    await migrating.end()
    const connection = { connectionString: url, max: 25 }
    return producer(new onPostgres.Queue<Payload>("work", { connection, defaultJobOptions }))
  }
}

export const bullmqRedis: Contender = {
  ...common,
  name: "BullMQ (Redis)",
  packages: ["bullmq", "ioredis"],
  settings:
    `${shared}; Redis with appendonly yes, appendfsync everysec: a crash may lose the last ` +
    "second; for comparison, not a peer on PostgreSQL",
  role: "redis",
  worker: (place, load) => peerWorker("bullmqRedis", { ...place, load, isTuned: true }),
  open: async ({ redisPort: port }) =>
    producer(new Queue<Payload>("work", { connection: { port }, defaultJobOptions }))
}

/** The part of a queue that both backends share. */
interface Adding {
  readonly on: (event: "error", listener: () => void) => unknown
  readonly add: (name: string, data: Payload) => Promise<unknown>
  readonly addBulk: (
    jobs: Array<{ name: string; data: Payload; opts?: { delay: number } }>
  ) => Promise<unknown>
  readonly close: () => Promise<void>
}

const producer = (queue: Adding): Producer => {
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
