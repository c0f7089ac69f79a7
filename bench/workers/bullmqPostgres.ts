/**
 * BullMQ on PostgreSQL: more jobs at once where they are short, and a connection for each that ends
 * at the same time, as its documentation advises.
 */
import { createPostgresBackend, withBackend } from "bullmq"
import type { PeerOptions } from "../Contender.ts"
import { handle, type Payload } from "../Handler.ts"

const { Worker } = withBackend(createPostgresBackend)

export const work = async ({ keepsHistory, load, url }: PeerOptions) => {
  const worker = new Worker<Payload>("work", async ({ data }) => handle(data), {
    connection: { connectionString: url, max: 25 },
    concurrency: load === "slow" ? 24 : 100,
    ...(keepsHistory ? {} : { removeOnComplete: { count: 0 } })
  })
  worker.on("error", () => {})
}
