/**
 * graphile-worker, at its defaults and as its documentation on performance advises.
 */
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import { type Contender, thousands } from "../Contender.ts"

const logger = new Logger(() => () => {})

const contender = (name: string, settings: string, worker: object): Contender => ({
  name,
  settings,
  open: async (connectionString) => {
    const utils = await makeWorkerUtils({ connectionString, logger })
    await utils.migrate()
    return {
      bulk: async (count, keyOf) => {
        for (const batch of thousands(count)) {
          await utils.addJobs(batch.map((n) => ({
            identifier: "work",
            payload: { n },
            ...(keyOf === undefined ? {} : { queueName: keyOf(n) })
          })))
        }
      },
      one: () => utils.addJob("work", { n: 0 }),
      work: async (onJob) => {
        const runner = await run({
          connectionString,
          noHandleSignals: true,
          taskList: { work: (_, { job }) => onJob(job.job_queue_id === null ? undefined : "key") },
          preset: { worker: { logger, maxPoolSize: 20, concurrentJobs: 24, ...worker } }
        })
        return () => runner.stop()
      },
      close: async () => void await utils.release()
    }
  }
})

export const graphile = contender("graphile-worker", "defaults, 24 concurrent jobs", {})

export const graphileBest = contender(
  "graphile-worker, tuned",
  "24 concurrent jobs, localQueue 500, completeJobBatchDelay 0, failJobBatchDelay 0",
  { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
)
