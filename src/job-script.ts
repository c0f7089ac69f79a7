/**
 * For job scripts, which `pgq start` reads: the types of what a script's `setupJobs` is given.
 */
export type { RunningJob } from "./domain/Job.ts"
export type { JobQueue } from "./layers/job/JobScript.ts"
