/**
 * BullMQ on Redis: more jobs at once where they are short, as its documentation advises.
 */
import { Worker } from "bullmq"
import type { PeerOptions } from "../Contender.ts"
import { handle, type Payload } from "../Handler.ts"

export const work = async (options: PeerOptions) => {
  const worker = new Worker<Payload>("work", handleJob, {
    ...settings(options),
    connection: { port: options.redisPort, maxRetriesPerRequest: null }
  })
  worker.on("error", () => {})
}

export const handleJob = async ({ data }: { readonly data: Payload }) => handle(data)

export const settings = ({ keepsHistory, load }: PeerOptions) => ({
  concurrency: load === "slow" ? 24 : 100,
  ...(keepsHistory ? {} : { removeOnComplete: { count: 0 } })
})
