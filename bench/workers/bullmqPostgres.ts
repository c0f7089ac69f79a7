/**
 * BullMQ on PostgreSQL: as on Redis, with a pool for the jobs that end at the same time, as its
 * documentation advises.
 */
import { createPostgresBackend, withBackend } from "bullmq"
import type { PeerOptions } from "../Contender.ts"
import type { Payload } from "../Handler.ts"
import { handleJob, settings } from "./bullmqRedis.ts"

const { Worker } = withBackend(createPostgresBackend)

export const work = async (options: PeerOptions) => {
  const worker = new Worker<Payload>("work", handleJob, {
    ...settings(options),
    connection: { connectionString: options.url, max: 25 }
  })
  worker.on("error", () => {})
}
