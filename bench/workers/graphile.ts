/**
 * graphile-worker. Tuned is the configuration of its documentation's page on performance; for jobs
 * that take their time the local queue has the size it gives as a starting point, one more than the
 * jobs at once, so that no process hoards what another could do.
 */
import { Logger, run } from "graphile-worker"
import type { PeerOptions } from "../Contender.ts"
import { handle, type Payload } from "../Handler.ts"

export const work = ({ isTuned, load, url }: PeerOptions) =>
  run({
    connectionString: url,
    noHandleSignals: true,
    taskList: { work: (payload) => handle(payload as Payload) },
    preset: {
      worker: {
        logger: new Logger(() => () => {}),
        concurrentJobs: 24,
        maxPoolSize: 25,
        ...(isTuned
          ? {
            localQueue: { size: load === "slow" ? 25 : 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0
          }
          : {})
      }
    }
  })
