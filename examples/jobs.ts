/**
 * A job script: what `pgq start -f` loads to know its handlers.
 */
// #region jobs
import { Effect } from "effect"
import { setTimeout } from "node:timers/promises"
import type { JobQueue } from "pgq/job-script"
import { CloseMonth, SendEmail } from "./Tasks.ts"

/** `arg` is the string that `pgq start -a` was given. */
export const setupJobs = (queue: JobQueue, arg: string) => {
  // By name: the payload is whatever JSON was stored.
  queue.handle("A job", (payload, job) => {
    process.stderr.write(`job ${job.id} of ${arg || "nobody"}: ${JSON.stringify(payload)}\n`)
  })

  // By kind: the payload is decoded first, and a job whose payload does not fit fails at once.
  queue.handle(SendEmail, ({ subject, to }) => Effect.logInfo(`"${subject}" to ${to}`))

  // A promise is waited for; `signal` is aborted when the job is cancelled.
  queue.handle(CloseMonth, async ({ month }, { signal }) => {
    await setTimeout(10, undefined, { signal })
    process.stderr.write(`closed ${month}\n`)
  })
}
// #endregion
