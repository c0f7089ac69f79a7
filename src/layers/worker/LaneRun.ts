/**
 * Jobs of one lane, claimed together and run one after the other; or one job without a key.
 */
import type { ClaimedJob, JobJson, RunningJob } from "../../domain/JobRecord.ts"
import type { Settlement } from "../../domain/Settlement.ts"

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
  #state: "waiting" | "running" | "cancelled" | "lost" = "waiting"
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

  /** The run has a slot. */
  run(): void {
    if (this.#state === "waiting") this.#state = "running"
  }

  /** The run has lost its slot. */
  wait(): void {
    if (this.#state === "running") this.#state = "waiting"
  }

  /** The worker stops: the run's jobs go back. */
  cancel(): void {
    if (this.#state !== "lost") this.#state = "cancelled"
  }

  /** The lease has ended or belongs to another worker: nothing can be settled. */
  lose(): void {
    this.#state = "lost"
  }

  get isCancelled(): boolean {
    return this.#state === "cancelled"
  }

  get isLost(): boolean {
    return this.#state === "lost"
  }

  /** Whether pgq interrupts the run. */
  get isBrokenOff(): boolean {
    return this.isCancelled || this.isLost
  }

  /** The first job that is not settled. */
  get next(): ClaimedJob | undefined {
    return this.jobs[this.#settled]
  }

  /** Settles the next job. A job that stays in the queue takes the rest of its run along. */
  settle(settlement: Settlement): void {
    const isFinished = settlement._tag === "Completed" ||
      (settlement._tag === "Failed" && !settlement.blocksLane)
    this.ranFor = undefined
    this.#settled = isFinished ? this.#settled + 1 : this.jobs.length
  }

  /** Starts a job; answers the handler's view of the job. */
  begin(job: ClaimedJob, startedAt: number): RunningJob {
    this.current = job
    this.startedAt = startedAt
    return new View(job, this)
  }

  // Made when it is first read: most handlers never read it, and making one costs more than a short
  // job.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.isBrokenOff) this.#controller.abort()
    return this.#controller.signal
  }

  end(endedAt: number): void {
    this.ranFor = endedAt - this.startedAt
    this.current = undefined
    this.#controller = undefined
  }

  abort(): void {
    this.#controller?.abort()
  }
}

class View implements RunningJob {
  readonly id: bigint
  readonly name: string
  readonly key: string | undefined
  readonly priority: number
  readonly attempt: number
  readonly #payload: string | undefined
  readonly #run: LaneRun
  #signal: AbortSignal | undefined

  constructor(job: ClaimedJob, run: LaneRun) {
    this.id = job.id
    this.name = job.name
    this.key = job.key
    this.priority = job.priority
    this.attempt = job.attempt
    this.#payload = job.payload
    this.#run = run
  }

  get payloadText(): string {
    return this.#payload ?? "null"
  }

  get signal(): AbortSignal {
    return this.#signal ??= this.#run.signal
  }

  toJSON(): JobJson {
    const { attempt, id, key, name, priority } = this
    return { id: String(id), name, key, priority, attempt }
  }
}
