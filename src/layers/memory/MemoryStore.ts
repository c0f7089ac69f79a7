/**
 * A schema in memory: jobs, leases, workers and history, and the steps of the protocol.
 *
 * The rules are those of the specification in `domain`. Each step runs to its end at once, so no
 * locks are needed. Times are milliseconds and are passed in.
 */
import { ClaimLost } from "../../domain/Errors.ts"
import type { ClaimedJob, NewJob } from "../../domain/JobRecord.ts"
import { isDelayed, isOpen, setAside } from "../../domain/LaneJob.ts"
import * as Lanes from "../../domain/Lanes.ts"
import * as Pause from "../../domain/Pause.ts"
import * as Steps from "../../domain/ProtocolSteps.ts"
import type { RunReport } from "../../domain/RunReport.ts"
import * as Turns from "../../domain/Turns.ts"
import type { Settled } from "../../services/JobRepo.ts"
import type { Wake } from "../../services/Notifier.ts"
import * as MemoryFailureReports from "./MemoryFailureReports.ts"
import { MemoryFigures } from "./MemoryFigures.ts"
import { MemoryHands } from "./MemoryHands.ts"
import { MemoryHistory } from "./MemoryHistory.ts"
import { claimedJob, newStoredJob, type StoredJob } from "./MemoryJob.ts"
import { MemoryLooks } from "./MemoryLooks.ts"
import { MemoryPauses } from "./MemoryPauses.ts"
import { MemoryResults } from "./MemoryResults.ts"
import { MemoryRunReports } from "./MemoryRunReports.ts"
import { MemoryRuns } from "./MemoryRuns.ts"
import { MemorySamples } from "./MemorySamples.ts"
import { MemoryWorkers } from "./MemoryWorkers.ts"

export class MemoryStore {
  readonly #wake: (wake: Wake) => void
  readonly #jobs = new Map<bigint, StoredJob>()
  readonly #leases = new Map<string, Steps.Lease>()
  readonly #state = { jobs: this.#jobs, leases: this.#leases }
  readonly workers = new MemoryWorkers()
  readonly #history = new MemoryHistory()
  readonly figures = new MemoryFigures()
  readonly samples = new MemorySamples()
  readonly pauses: MemoryPauses
  /** The objectives of queues, in seconds. */
  readonly objectives = new Map<string, number>()
  readonly looks: MemoryLooks
  readonly hands: MemoryHands
  readonly #runs = new MemoryRuns()
  readonly #results = new MemoryResults()
  readonly #runReports = new MemoryRunReports()
  /** Told of each job that has ended. */
  readonly onEnd = new Set<(ids: ReadonlySet<bigint>) => void>()
  #lastId = 0n

  constructor(wake: (wake: Wake) => void) {
    this.#wake = wake
    this.pauses = new MemoryPauses(wake)
    this.looks = new MemoryLooks({
      state: this.#state,
      history: this.#history,
      pauses: this.pauses,
      results: this.#results,
      runReports: this.#runReports,
      runs: this.#runs,
      workers: this.workers
    })
    this.hands = new MemoryHands({
      state: this.#state,
      history: this.#history,
      looks: this.looks,
      make: (changes, now) => this.#make(changes, now),
      nextId: () => this.nextId(),
      wake
    })
  }

  enqueue(jobs: ReadonlyArray<NewJob>, now: number): ReadonlyArray<bigint> {
    return this.addAs(jobs.map((job) => [++this.#lastId, job]), now)
  }

  /** Adds jobs with ids of `nextId`. */
  addAs(
    jobs: ReadonlyArray<readonly [id: bigint, job: NewJob]>,
    now: number
  ): ReadonlyArray<bigint> {
    const added = jobs.map(([id, job]) => newStoredJob(job, id, now))
    for (const job of added) this.#jobs.set(job.id, job)
    this.#wakeQueues(added.filter(isOpen), now)
    this.#wakeDue(added)
    return added.map((job) => job.id)
  }

  /** `undefined` if the worker is not registered. */
  claim(options: ClaimOptions, now: number): ReadonlyArray<ClaimedJob> | undefined {
    const { limit, perLaneMax, queues, slots, worker } = options
    if (!this.workers.has(worker)) return undefined
    const isPaused = (job: StoredJob) => this.pauses.holdsName(job, now)
    const open = queues.filter((queue) => !this.pauses.holdsQueue(queue, now))
    for (const queue of open) this.#setAside(queue, isPaused)
    const busy = open.filter((queue) => Lanes.claimable(this.looks.ofQueue(queue)).length > 0)
    let wanted = Math.max(limit, 0)
    let suspectsMax = slots
    return Turns.interleaved(busy.flatMap((queue, turn) => {
      const claimed = Lanes.claim(this.looks.ofQueue(queue), this.looks.runningOn(worker), {
        limit: Math.ceil(wanted / (busy.length - turn)),
        slots: suspectsMax,
        perLaneMax,
        isPaused
      })
      wanted -= claimed.heads
      suspectsMax -= claimed.suspects.length
      return this.#lease(worker, claimed, now)
    }))
  }

  /** Takes jobs of paused names out of the way of the others. */
  #setAside(queue: string, isPaused: (job: StoredJob) => boolean): void {
    const aside = Lanes.claimable(this.looks.ofQueue(queue)).filter(isPaused)
    Steps.apply(this.#state, { jobs: aside.map(setAside), finished: [], leases: [] })
    this.pauses.setAside(aside)
  }

  #lease(
    worker: string,
    claimed: Lanes.Claimed<StoredJob>,
    now: number
  ): ReadonlyArray<ClaimedJob> {
    const changes = Steps.lease(worker, claimed, () => crypto.randomUUID())
    const leases = changes.leases.map((lease) => ({ ...lease, claimedAt: now }))
    Steps.apply(this.#state, { ...changes, leases })
    return claimed.inOrder.flatMap((job) =>
      changes.leases.filter(({ ids }) => ids.includes(job.id))
        .map(({ id }) => claimedJob(job, id, now))
    )
  }

  settle(
    settled: ReadonlyArray<Settled>,
    { isRepeat = false, now }: { readonly isRepeat?: boolean; readonly now: number }
  ): ReadonlyArray<ClaimLost> {
    const { changes, lost } = Steps.settle(this.#state, settled, { isRepeat, now })
    this.#make(changes, now)
    return lost.map(({ id, lease }) => new ClaimLost({ id, lease }))
  }

  promote(now: number): { readonly promoted: number; readonly next: number | undefined } {
    const due = Steps.promote(this.#state, now, () => ++this.#lastId)
    this.#make(due, now)
    const next = Array.from(this.#jobs.values())
      .filter(isDelayed)
      .reduce((first, job) => Math.min(first, job.dueAt), Infinity)
    const promoted = due.jobs.length + due.finished.length
    return { promoted, next: next === Infinity ? undefined : next - now }
  }

  /** Answers the time until it must look again, if there is a job that expires. */
  expire(now: number): { readonly expired: number; readonly next: number | undefined } {
    const over = Steps.expire(this.#state, now)
    this.#make(over, now)
    const next = Array.from(this.#jobs.values()).reduce(
      (first, { expiresAt = Infinity }) =>
        Math.min(first, expiresAt <= now ? now + leasedPause : expiresAt),
      Infinity
    )
    return { expired: over.finished.length, next: next === Infinity ? undefined : next - now }
  }

  rescue(now: number): number {
    return this.workers.dead(now)
      .reduce((rescued, id) => rescued + this.end(id, { hasCrashed: true, now }), 0)
  }

  prune(now: number): void {
    this.#history.prune(now)
    this.#runs.prune(now)
    this.#runReports.prune(now)
    this.figures.prune(now)
    this.samples.prune(now)
  }

  forget(now: number): void {
    this.#results.forget(now)
    this.#runReports.forget(this.looks.isLeased)
  }

  sample(now: number): void {
    const isAside = (job: StoredJob) => this.pauses.isAside(job)
    this.samples.look(Array.from(this.#jobs.values()), { isAside, now })
  }

  /** Answers the reports of which nothing was kept. */
  report(reports: ReadonlyArray<RunReport>, now: number): ReadonlyArray<RunReport> {
    const claimedAt = ({ lease }: RunReport) => this.#leases.get(lease)?.claimedAt ?? now
    return this.#runReports.keep(reports, { isLeased: this.looks.isLeased, claimedAt, now })
  }

  /**
   * Gives back jobs that are leased to a worker under leases that it does not know. Answers how
   * many.
   */
  reconcile(worker: string, knownLeases: ReadonlyArray<string>, now: number): number {
    const unknown = Steps.leasesOf(this.#state, worker).filter(({ id }) =>
      !knownLeases.includes(id)
    )
    return this.#giveBack(unknown, { hasCrashed: false, now })
  }

  /** Ends a worker and gives its jobs back. Answers how many. */
  end(worker: string, options: { readonly hasCrashed: boolean; readonly now: number }): number {
    const leases = Steps.leasesOf(this.#state, worker)
    const jobsHeld = leases.reduce((sum, { ids }) => sum + ids.length, 0)
    this.workers.end(worker, { at: options.now, hasCrashed: options.hasCrashed, jobsHeld })
    return this.#giveBack(leases, options)
  }

  /** Makes the changes of a step. */
  change<A>(
    step: (
      state: Steps.State<StoredJob>
    ) => { readonly answer: A; readonly changes: Steps.Changes<StoredJob> } | undefined,
    now: number
  ): A | undefined {
    const changed = step(this.#state)
    if (changed !== undefined) this.#make(changed.changes, now)
    return changed?.answer
  }

  /** The id of the next job. */
  nextId(): bigint {
    return ++this.#lastId
  }

  #giveBack(
    leases: ReadonlyArray<Steps.Lease>,
    { hasCrashed, now }: { readonly hasCrashed: boolean; readonly now: number }
  ): number {
    this.#make(Steps.giveBack(this.#state, leases, hasCrashed), now)
    return leases.reduce((count, { ids }) => count + ids.length, 0)
  }

  /** Applies the changes of a step that releases jobs, and wakes waiting workers. */
  #make(changes: Steps.Changes<StoredJob>, now: number): void {
    Steps.apply(this.#state, changes)
    for (const job of changes.jobs) this.pauses.follow(job)
    for (const finished of changes.finished) {
      this.#history.add(finished, now)
      this.#results.add(finished, now)
      this.pauses.drop(finished.job)
    }
    const ids = new Set(changes.finished.map(({ job }) => job.id))
    if (ids.size > 0) { for (const hint of this.onEnd) hint(ids) }
    for (const run of changes.runs ?? []) this.#runs.add(run, now)
    const reports = MemoryFailureReports.of(changes, {
      failureReportOf: (name) => this.workers.failureReportOf(name),
      errorOf: (id) => this.#runs.of(id, 1)[0]?.error
    })
    if (reports.length > 0) this.enqueue(reports, now)
    // The next job of a lane can be claimed when one has ended, even one that has blocked it.
    const ended = changes.finished.map(({ job }) => job).filter(({ key }) => key !== undefined)
    this.#wakeQueues([...ended, ...changes.jobs.filter(mayLetClaim)], now)
    this.#wakeDue(changes.jobs)
  }

  #wakeQueues(jobs: ReadonlyArray<StoredJob>, now: number): void {
    const pauses = this.pauses.all(now)
    for (const queue of new Set(jobs.map((job) => job.queue))) {
      if (pauses.some((pause) => Pause.holdsQueue(pause, queue))) continue
      this.#wake({ _tag: "Jobs", queue })
    }
  }

  #wakeDue(jobs: ReadonlyArray<StoredJob>): void {
    if (jobs.some(isTimed)) this.#wake({ _tag: "Due" })
  }
}

/** Milliseconds from one look at an expired job that is leased to the next. */
const leasedPause = 5000

interface ClaimOptions extends Omit<Lanes.ClaimBounds, "isPaused"> {
  readonly queues: ReadonlyArray<string>
  readonly worker: string
}

/** Whether maintenance must look at a job at a time. */
const isTimed = (job: StoredJob): boolean =>
  (isDelayed(job) && job.dueAt < Infinity) || job.expiresAt !== undefined

/** Whether a job that went back or became due makes a job of its lane claimable. */
const mayLetClaim = (job: StoredJob): boolean =>
  isOpen(job) || (job.key !== undefined && job.laneState !== "delayedHoldingLane")
