/**
 * Jobs of one lane, claimed together and run one after the other; or one job without a key.
 */
import type { Effect } from "effect"
import { JobInterrupted, type NotInTransaction, type StoreError } from "../../domain/Errors.ts"
import type { Reason } from "../../domain/Interruption.ts"
import type { ClaimedJob, JobJson } from "../../domain/JobRecord.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import type { CompletableJob } from "../../services/CompletableJob.ts"
import type { HandledJob } from "../../services/Handlers.ts"

export class LaneRun {
  readonly jobs: Array<ClaimedJob>
  readonly lease: string
  /** Monotonic milliseconds, like `startedAt`. */
  readonly claimedAt: number
  /** The running job. */
  current: ClaimedJob | undefined
  startedAt = 0
  /** How long the last run took, in milliseconds. */
  ranFor: number | undefined
  /** The same, without the time after an interruption. */
  ranUntilInterrupted = 0
  #interruption: Reason | undefined
  #interruptedAt = 0
  #refused: ReadonlySet<bigint> | undefined
  #isPaused: ((job: ClaimedJob) => boolean) | undefined
  /** Whether the running job goes on, long after pgq has interrupted it. */
  isStuck = false
  /**
   * Whether the running job is completed by a transaction: it may have been, as the handler has
   * asked for it; or it is, as the transaction has committed.
   */
  completion: "asked" | "committed" | undefined
  /** The end of the running job, if it does not follow from the exit of its handler. */
  decided: Settlement | undefined
  /** The end of the running job, if a transaction has completed it. */
  completed: Settlement | undefined
  #controller: AbortController | undefined
  /** The number of settled jobs. */
  #settled = 0

  constructor(first: ClaimedJob, claimedAt: number) {
    this.jobs = [first]
    this.lease = first.lease
    this.claimedAt = claimedAt
  }

  get key(): string | undefined {
    return this.jobs[0]?.key
  }

  /** One run for each job without a key and one for each lane, in the order of their first jobs. */
  static group(jobs: ReadonlyArray<ClaimedJob>, claimedAt: number): ReadonlyArray<LaneRun> {
    const lanes = new Map<string, LaneRun>()
    const runs: Array<LaneRun> = []
    for (const job of jobs) {
      // The jobs of each queue have a lease of their own.
      const name = job.key === undefined ? undefined : `${job.lease} ${job.key}`
      const lane = name === undefined ? undefined : lanes.get(name)
      if (lane !== undefined) {
        lane.jobs.push(job)
        continue
      }
      const run = new LaneRun(job, claimedAt)
      runs.push(run)
      if (name !== undefined) lanes.set(name, run)
    }
    return runs
  }

  /**
   * The reason for which pgq interrupts the run. It concerns the job at hand; if the worker stops
   * or the lease is lost, it concerns the jobs behind it, too.
   */
  get interruption(): Reason | undefined {
    return this.#interruption
  }

  /** The first reason counts, unless the lease is lost: then nothing can be settled. */
  interrupt(why: Reason, at: number): void {
    if (this.#interruption === undefined) this.#interruptedAt = at
    if (this.#interruption === undefined || why === "lost") this.#interruption = why
    this.#controller?.abort(new JobInterrupted({ why: this.#interruption }))
  }

  /** The rest of the run waits for another slot, and may start. */
  resume(): void {
    if (!this.isLost) this.#interruption = undefined
  }

  get isLost(): boolean {
    return this.#interruption === "lost"
  }

  /** These jobs of the run were cancelled before they began: they do not start. */
  refuse(ids: ReadonlySet<bigint>): void {
    this.#refused = ids
  }

  isRefused({ id }: ClaimedJob): boolean {
    return this.#refused?.has(id) === true
  }

  /** These jobs of the run were paused before they began: the run ends before the first of them. */
  pause(isPaused: (job: ClaimedJob) => boolean): void {
    this.#isPaused = isPaused
  }

  isPaused(job: ClaimedJob): boolean {
    return this.#isPaused?.(job) === true
  }

  /**
   * Whether a transaction has completed the last job of the run, whose handler goes on: then the
   * run has left its lease in order.
   */
  get isDone(): boolean {
    return this.completion === "committed" && this.#settled === this.jobs.length - 1
  }

  /** The first job that is not settled. */
  get next(): ClaimedJob | undefined {
    return this.jobs[this.#settled]
  }

  /**
   * Settles the next job. A job that stays in the queue takes the rest of its run along; answers
   * those jobs.
   */
  settle(settlement: Settlement): ReadonlyArray<ClaimedJob> {
    const isFinished = settlement._tag === "Completed" || settlement._tag === "Cancelled" ||
      (settlement._tag === "Failed" && !settlement.blocksLane)
    this.ranFor = undefined
    this.#settled++
    if (isFinished || this.#settled === this.jobs.length) return none
    const rest = this.jobs.slice(this.#settled)
    this.#settled = this.jobs.length
    return rest
  }

  /** Starts a job; answers the handler's view of the job. */
  begin(job: ClaimedJob, startedAt: number, calls: Calls): HandledJob {
    this.current = job
    this.startedAt = startedAt
    this.completion = this.decided = this.completed = undefined
    return new View(job, this, calls)
  }

  // Made when it is first read: most handlers never read it, and making one costs more than a short
  // job.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    const why = this.#interruption
    if (why !== undefined) this.#controller.abort(new JobInterrupted({ why }))
    return this.#controller.signal
  }

  end(endedAt: number): void {
    const until = this.#interruption === undefined ? endedAt : this.#interruptedAt
    this.ranFor = endedAt - this.startedAt
    this.ranUntilInterrupted = until - this.startedAt
    this.current = undefined
    this.isStuck = false
    this.#controller = undefined
  }
}

const none: ReadonlyArray<ClaimedJob> = []

/** The functions behind the view of a running job. */
export interface Calls {
  readonly report: Report
  readonly complete: Complete
}

/** Takes the progress of a running job, as its handler gives it. */
export type Report = (
  run: LaneRun,
  job: ClaimedJob,
  said: { readonly fraction: unknown; readonly data: unknown }
) => void

/** Completes the job of a run by hand. */
export type Complete = (
  run: LaneRun,
  job: ClaimedJob,
  value: unknown
) => Effect.Effect<void, NotInTransaction | StoreError>

class View implements HandledJob {
  readonly id: bigint
  readonly name: string
  readonly key: string | undefined
  readonly priority: number
  readonly attempt: number
  readonly #job: ClaimedJob
  readonly #run: LaneRun
  readonly #calls: Calls
  #signal: AbortSignal | undefined

  constructor(job: ClaimedJob, run: LaneRun, calls: Calls) {
    this.id = job.id
    this.name = job.name
    this.key = job.key
    this.priority = job.priority
    this.attempt = job.attempt
    this.#job = job
    this.#run = run
    this.#calls = calls
  }

  get queue(): string {
    return this.#job.queue
  }

  get isRunning(): boolean {
    return this.#run.current === this.#job
  }

  get expiresAt(): Date | undefined {
    return this.#job.expiresAt
  }

  get payloadText(): string {
    return this.#job.payload ?? "null"
  }

  get signal(): AbortSignal {
    return this.#signal ??= this.#run.signal
  }

  // A handler may take the function out of the object.
  get progress(): CompletableJob["progress"] {
    return (fraction, data) => this.#calls.report(this.#run, this.#job, { fraction, data })
  }

  complete(value: unknown): Effect.Effect<void, NotInTransaction | StoreError> {
    return this.#calls.complete(this.#run, this.#job, value)
  }

  toJSON(): JobJson {
    const { attempt, id, key, name, priority } = this
    return { id: String(id), name, key, priority, attempt }
  }
}
