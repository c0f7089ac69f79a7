/**
 * The job script that `pgq start` is given.
 */
import type { JobQueue } from "../dist/index.js"
import { handle, type Payload } from "./Handler.ts"

export const setupJobs = (queue: JobQueue) => {
  queue.handle("work", (payload) => handle(payload as Payload))
}
