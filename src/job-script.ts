/**
 * For job scripts, which `pgq start` reads: the types of what a script's `setupJobs` is given.
 */
export type { RunningJob } from "./domain/JobRecord.ts"
export type { JobQueue } from "./layers/job/JobScript.ts"
export type { CompletableJob } from "./services/CompletableJob.ts"
