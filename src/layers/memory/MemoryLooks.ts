/**
 * Looks at a schema in memory that change nothing: at its jobs, their runs and ends, and its
 * workers.
 */
import type { RetryFilter } from "../../domain/ByHand.ts"
import type { CancelRequest, JobOutcome } from "../../domain/Cancellation.ts"
import * as CancelSteps from "../../domain/CancelSteps.ts"
import type { FailedFilter, FailedJob } from "../../domain/FailedJob.ts"
import type { Failure } from "../../domain/FailureGroups.ts"
import { JobEnd } from "../../domain/JobEnd.ts"
import type { LogLine } from "../../domain/JobLog.ts"
import type { JobRun } from "../../domain/JobRun.ts"
import type { SeenJob } from "../../domain/JobView.ts"
import * as Lanes from "../../domain/Lanes.ts"
import type { Overview, WorkerOverview } from "../../domain/Overview.ts"
import * as Steps from "../../domain/ProtocolSteps.ts"
import type { CommitAnswer } from "../../domain/TransactionEnd.ts"
import type { QueueCounts, WorkerInfo } from "../../domain/WorkerStatus.ts"
import * as Counts from "./MemoryCounts.ts"
import type { Kept, MemoryHistory } from "./MemoryHistory.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryPauses } from "./MemoryPauses.ts"
import type { MemoryResults } from "./MemoryResults.ts"
import type { MemoryRunReports } from "./MemoryRunReports.ts"
import type { MemoryRuns } from "./MemoryRuns.ts"
import type { MemoryWorkers } from "./MemoryWorkers.ts"

interface Parts {
  readonly state: Steps.State<StoredJob>
  readonly history: MemoryHistory
  readonly pauses: MemoryPauses
  readonly results: MemoryResults
  readonly runReports: MemoryRunReports
  readonly runs: MemoryRuns
  readonly workers: MemoryWorkers
}

export class MemoryLooks {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether a job still stands in the lease that had it. */
  settled(lease: string, id: bigint): CommitAnswer {
    if (this.#parts.state.leases.get(lease)?.ids.includes(id) === true) return "leased"
    return this.#parts.state.jobs.has(id) ? "lost" : "settled"
  }

  hasUnstarted(queues: ReadonlyArray<string>, now: number): boolean {
    return queues.some((queue) =>
      !this.#parts.pauses.holdsQueue(queue, now) && Lanes.hasUnstarted(this.ofQueue(queue))
    )
  }

  /** The log of a job, with the ends of its runs that did not complete. */
  logOf(id: bigint): ReadonlyArray<LogLine> {
    return this.#parts.runReports.logOf(id, this.#parts.runs.of(id, Infinity))
  }

  /** How a job looks, with the progress of its run. */
  seen(id: bigint): SeenJob {
    const job = this.#parts.state.jobs.get(id)
    const lease = Array.from(this.#parts.state.leases.values()).find(({ ids }) => ids.includes(id))
      ?.id
    const progress = this.#parts.runReports.progressOf(id, lease)
    if (job !== undefined) {
      return { name: job.name, lane: job, state: lease ? "running" : "waiting", progress }
    }
    const state = this.#parts.history.outcomeOf(id) ?? "unknown"
    const end = this.endOf(id)
    return { name: "name" in end ? end.name : undefined, state, progress: undefined }
  }

  /** How a job has ended; `Other` if it has not. */
  endOf(id: bigint): JobEnd {
    const job = this.#parts.state.jobs.get(id)
    if (job !== undefined) return JobEnd.Other(job)
    return this.#parts.results.of(id) ?? this.#parts.history.endOf(id) ?? JobEnd.Unknown()
  }

  gone(leases: ReadonlyArray<string>): ReadonlyArray<string> {
    return leases.filter((id) => !this.#parts.state.leases.has(id))
  }

  /** The unfinished job that has the unique key. */
  holderOf(name: string, uniqueKey: string | undefined): StoredJob | undefined {
    return uniqueKey === undefined
      ? undefined
      : Array.from(this.#parts.state.jobs.values()).find((job) =>
        job.uniqueKey === uniqueKey && job.name === name
      )
  }

  /** The finished jobs that the filter names, by their ids. */
  finishedIdsOf(filter: RetryFilter): ReadonlyArray<bigint> {
    return this.#parts.history.idsOf(filter)
  }

  /** The finished jobs that are kept as a whole, the newest end first. */
  newestFinished(): ReadonlyArray<Kept> {
    return this.#parts.history.newest()
  }

  /** The worker that has a job. */
  workerOf(id: bigint): string | undefined {
    return Array.from(this.#parts.state.leases.values()).find(({ ids }) => ids.includes(id))?.worker
  }

  failed(filter: FailedFilter): ReadonlyArray<FailedJob> {
    return this.#parts.history.failed(filter)
  }

  /**
   * Jobs that have failed for good, and the last failures of jobs that have not ended. Of each, the
   * newest stand first.
   */
  failures(queue: string | undefined): ReadonlyArray<Failure> {
    const failed = this.#parts.history.failed({ queue, limit: Infinity }).map((job) => ({
      ...job,
      at: job.finishedAt.getTime(),
      error: job.error ?? "",
      isFinal: true
    }))
    // A job that has failed anew, or was queued again, has another number of failures.
    const unfinished = this.#parts.runs.failing().filter((run) =>
      (queue === undefined || run.queue === queue) &&
      this.find(run.id)?.failures === run.attempt
    ).map((run) => ({
      ...run,
      at: run.endedAt.getTime(),
      error: run.error ?? "",
      isFinal: false
    }))
    return [...failed, ...unfinished]
  }

  runsOf(id: bigint, limit: number): ReadonlyArray<JobRun> {
    return this.#parts.runs.of(id, limit)
  }

  find(id: bigint): StoredJob | undefined {
    return this.#parts.state.jobs.get(id)
  }

  findFinished(id: bigint): StoredJob | undefined {
    return this.#parts.history.find(id)
  }

  cancelRequests(worker: string): ReadonlyArray<CancelRequest> {
    return CancelSteps.requests(Steps.leasesOf(this.#parts.state, worker))
  }

  /** The unfinished jobs for which this holds, by their ids. */
  idsOf(isMeant: (job: StoredJob) => boolean): ReadonlyArray<bigint> {
    const meant = Array.from(this.#parts.state.jobs.values()).filter(isMeant)
    return meant.map(({ id }) => id).toSorted((a, b) => Number(a - b))
  }

  outcomeOf(id: bigint): JobOutcome | "unfinished" | "unknown" {
    return this.#parts.state.jobs.has(id)
      ? "unfinished"
      : this.#parts.history.outcomeOf(id) ?? "unknown"
  }

  counts(now: number): ReadonlyArray<QueueCounts> {
    return Counts.of({
      jobs: Array.from(this.#parts.state.jobs.values()),
      finished: this.#parts.history.summaries(),
      pauses: this.#parts.pauses,
      now
    })
  }

  workersAlive(now: number): ReadonlyArray<WorkerInfo> {
    return this.#parts.workers.alive(now, (id) => this.runningOn(id).length)
  }

  workersOf(now: number): ReadonlyArray<WorkerOverview> {
    return this.#parts.workers.overviews(now, (id) => this.runningOn(id).length)
  }

  /** How jobs ended in a time, of the names that have failures. */
  endsSince(since: number, now: number): Overview["ends"] {
    return { seconds: (now - since) / 1000, names: this.#parts.history.endsSince(since) }
  }

  runningOn(worker: string): ReadonlyArray<StoredJob> {
    const { state } = this.#parts
    return Steps.leasesOf(state, worker).flatMap((lease) => Steps.jobsOf(state, lease))
  }

  ofQueue(queue: string): ReadonlyArray<StoredJob> {
    return Array.from(this.#parts.state.jobs.values()).filter((job) => job.queue === queue)
  }

  readonly isLeased = ({ id, lease }: { readonly id: bigint; readonly lease: string }): boolean =>
    this.#parts.state.leases.get(lease)?.ids.includes(id) === true
}
