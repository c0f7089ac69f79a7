/**
 * graphile-worker, as its documentation on performance advises, and at its defaults.
 */
import { Logger, makeWorkerUtils } from "graphile-worker"
import { byThousands, type Contender, peerWorker } from "../Contender.ts"

const contender = (name: string, settings: string, isTuned: boolean): Contender => ({
  name,
  packages: ["graphile-worker"],
  settings,
  role: "peer",
  hasLanes: true,
  hasBulk: true,
  isAtDefaults: !isTuned,
  worker: (place, load) => peerWorker("graphile", { ...place, load, isTuned }),
  open: async ({ url }) => {
    const logger = new Logger(() => () => {})
    const utils = await makeWorkerUtils({ connectionString: url, logger })
    await utils.migrate()
    return {
      bulk: (count, jobOf) =>
        byThousands(count, jobOf, (jobs) =>
          utils.addJobs(jobs.map(({ key, payload, runAt }) => ({
            identifier: "work",
            payload,
            ...(key === undefined ? {} : { queueName: key }),
            ...(runAt === undefined ? {} : { runAt })
          })))),
      one: (payload) => utils.addJob("work", payload),
      close: async () => void await utils.release()
    }
  }
})

export const graphileTuned = contender(
  "graphile-worker, tuned",
  "24 jobs at once, pool of 25, completeJobBatchDelay 0, failJobBatchDelay 0, localQueue 500 (25 " +
    "for slow jobs); keys are its named queues; it keeps no finished jobs, so kept or not is one thing",
  true
)

export const graphile = contender(
  "graphile-worker",
  "24 jobs at once, pool of 25, else at its defaults",
  false
)
