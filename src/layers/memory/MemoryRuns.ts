/**
 * The runs of the queue in memory that did not complete: the last thousands of them.
 */
import { Duration } from "effect"
import type { JobRun } from "../../domain/JobRun.ts"
import type { Run } from "../../domain/ProtocolSteps.ts"
import type { StoredJob } from "./MemoryJob.ts"

export class MemoryRuns {
  /** The oldest end first. */
  #runs: Array<JobRun> = []

  add({ error, job, lease, nextIn, outcome, ranFor }: Run<StoredJob>, at: number): void {
    this.#runs.push({
      id: job.id,
      attempt: job.failures + 1,
      queue: job.queue,
      name: job.name,
      worker: lease.worker,
      claimedAt: new Date(lease.claimedAt ?? at),
      endedAt: new Date(at),
      ranFor: ranFor === undefined ? undefined : Duration.millis(Math.round(ranFor)),
      outcome,
      nextAt: nextIn === undefined ? undefined : new Date(at + nextIn),
      error
    })
    // Half of them at once, so that a run costs little.
    if (this.#runs.length > runsMax) this.#runs = this.#runs.slice(-runsMax / 2)
  }

  /** Drops runs after a day. */
  prune(now: number): void {
    this.#runs = this.#runs.filter(({ endedAt }) =>
      endedAt.getTime() > now - Duration.toMillis("1 day")
    )
  }

  /** The runs that have failed, and after which their job had not ended, the newest first. */
  failing(): ReadonlyArray<JobRun> {
    return this.#runs.filter(({ outcome }) => outcome === "retried" || outcome === "blocked")
      .toReversed()
  }

  /** The runs of a job, the newest first. */
  of(id: bigint, limit: number): ReadonlyArray<JobRun> {
    return this.#runs.filter((run) => run.id === id).toReversed().slice(0, limit)
  }
}

const runsMax = 20_000
