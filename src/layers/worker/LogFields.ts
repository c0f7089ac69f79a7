/**
 * The fields of log lines about jobs and errors.
 */
import type { StoreError } from "../../domain/Errors.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"

export type LoggedJob = Pick<ClaimedJob, "id" | "queue" | "name" | "key" | "attempt">

export interface Fields {
  readonly [field: string]: unknown
}

/** `job 7 (send-email)`, or the number of jobs. */
export const wordsFor = (jobs: ReadonlyArray<LoggedJob>): string => {
  const [first] = jobs
  if (first === undefined) return "no job"
  return jobs.length === 1 ? `job ${first.id} (${first.name})` : count(jobs)
}

/** `1 job`, `2 jobs`. */
export const count = ({ length }: { readonly length: number }): string =>
  `${length} ${length === 1 ? "job" : "jobs"}`

export const ofJob = ({ attempt, id, key, name, queue }: LoggedJob): Fields => ({
  queue,
  job: id,
  name,
  attempt,
  ...(key === undefined ? {} : { key })
})

/** The fields of one job; of several jobs, their queues, their number and the first ids. */
export const ofJobs = (jobs: ReadonlyArray<LoggedJob>): Fields => {
  const [first] = jobs
  if (first === undefined) return { count: 0 }
  if (jobs.length === 1) return ofJob(first)
  return {
    queues: Array.from(new Set(jobs.map(({ queue }) => queue))),
    count: jobs.length,
    jobs: jobs.slice(0, idsMax).map(({ id }) => id)
  }
}

/**
 * The step that the database was asked for. An error without an operation has no answer;
 * `otherwise` names the step then.
 */
export const ofError = (error: StoreError | Error, otherwise = "unknown"): Fields => ({
  operation: "operation" in error ? error.operation : otherwise
})

/** The most ids in a line. */
const idsMax = 5
