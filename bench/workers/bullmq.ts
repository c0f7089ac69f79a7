/**
 * BullMQ: more jobs at once where they are short, as its documentation advises.
 */
import { Worker } from "bullmq"
import type { PeerOptions } from "../Contender.ts"
import { handle, type Payload } from "../Handler.ts"

export const work = async ({ keepsHistory, load, redisPort }: PeerOptions) => {
  const worker = new Worker<Payload>("work", async ({ data }) => handle(data), {
    connection: { port: redisPort, maxRetriesPerRequest: null },
    concurrency: load === "slow" ? 24 : 100,
    ...(keepsHistory ? {} : { removeOnComplete: { count: 0 } })
  })
  worker.on("error", () => {})
}
