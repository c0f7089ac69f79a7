/**
 * Failure reports in memory: the jobs that are added because others have failed for good.
 */
import * as FailureReport from "../../domain/FailureReport.ts"
import type { NewJob } from "../../domain/JobRecord.ts"
import type { Changes } from "../../domain/ProtocolSteps.ts"
import type { StoredJob } from "./MemoryJob.ts"

interface Store {
  readonly failureReportOf: (name: string) => FailureReport.ReportKind | undefined
  /** The error of a job's last run. */
  readonly errorOf: (id: bigint) => string | undefined
}

/** The reports of the failures of a step. */
export const of = (changes: Changes<StoredJob>, store: Store): ReadonlyArray<NewJob> =>
  failuresOf(changes).flatMap(({ error, job, ...failure }): ReadonlyArray<NewJob> => {
    const report = store.failureReportOf(job.name)
    if (report === undefined) return []
    const payload = FailureReport.payloadOf({
      ...failure,
      id: job.id,
      name: job.name,
      queue: job.queue,
      key: job.key,
      payload: job.payload,
      error: error ?? store.errorOf(job.id)
    })
    return [{ ...none, ...report, queue: job.queue, payload }]
  })

interface Failure {
  readonly job: StoredJob
  readonly outcome: (typeof FailureReport.FailedJob.Type)["outcome"]
  readonly error: string | undefined
  readonly attempts: number
}

const failuresOf = ({ finished, runs = [] }: Changes<StoredJob>): ReadonlyArray<Failure> => [
  ...finished.flatMap(({ error, job, outcome }): ReadonlyArray<Failure> => {
    switch (outcome) {
      case "failed":
        return [{ job, outcome, error, attempts: job.failures + 1 }]
      case "crashed":
      case "expired":
        return [{ job, outcome, error, attempts: job.failures }]
      case "completed":
      case "cancelled":
      case "discarded":
        return []
    }
  }),
  // A job that blocks its lane has failed, and has not ended.
  ...runs.flatMap(({ error, job, outcome }): ReadonlyArray<Failure> =>
    outcome === "blocked" ? [{ job, outcome, error, attempts: job.failures + 1 }] : []
  )
]

/** A job at once, of no key. */
const none = {
  key: undefined,
  priority: 0,
  runAt: undefined,
  delay: undefined,
  maxAttempts: undefined,
  expiresAt: undefined
}
