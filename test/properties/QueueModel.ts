/**
 * The model of a queue, command by command, without a database. It follows the specification in
 * `domain`, and adds the workers and the history that only a database shows.
 */
import { Duration } from "effect"
import { DiscardAnswer, EditAnswer, RetryAnswer } from "../../src/domain/ByHand.ts"
import * as ByHandSteps from "../../src/domain/ByHandSteps.ts"
import { Cancellation } from "../../src/domain/Cancellation.ts"
import * as CancelSteps from "../../src/domain/CancelSteps.ts"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import * as Lanes from "../../src/domain/Lanes.ts"
import * as Steps from "../../src/domain/ProtocolSteps.ts"
import type { Settlement } from "../../src/domain/Settlement.ts"
import type { Settled } from "../../src/services/JobRepo.ts"

export interface ModelWorker {
  isAsleep: boolean
  isExpired: boolean
}

export interface Ended {
  readonly id: bigint
  readonly outcome: Steps.Outcome
  readonly attempt: number
  readonly lease: string | undefined
}

/** A job of a lane, with what an offer and an expiry need. */
export interface ModelJob extends LaneJob.LaneJob {
  readonly uniqueKey?: string | undefined
  /** The number in the payload of a job that was offered. */
  readonly n?: number | undefined
}

/** The state that can be compared with the tables. */
export interface Snapshot {
  readonly jobs: ReadonlyArray<
    Omit<ModelJob, "dueAt" | "expiresAt"> & {
      readonly expires: "never" | "later" | "over"
      /** Whether the job is blocked until a person acts. */
      readonly isBlocked: boolean
    }
  >
  readonly leases: ReadonlyArray<
    Omit<Steps.Lease, "unwanted"> & { readonly unwanted: ReadonlyArray<bigint> }
  >
  readonly workers: ReadonlyArray<{ readonly id: string; readonly isAsleep: boolean }>
  readonly ended: ReadonlyArray<Ended>
}

type ClaimOptions = Lanes.ClaimBounds & { readonly worker: string }

export type QueueModel = ReturnType<typeof make>

/** The time of the model, which stands still. A command makes delayed jobs due. */
export const now = 0
export const later = now + Duration.toMillis("1 hour")

export const make = () => {
  const jobs = new Map<bigint, ModelJob>()
  const leases = new Map<string, Steps.Lease>()
  const state = { jobs, leases }
  const workers = new Map<string, ModelWorker>()
  const ended = new Map<bigint, Ended>()
  /** The jobs that have ended, as they were. */
  const past = new Map<bigint, ModelJob>()
  /** By priority, the last place that was ever claimed. */
  const claimedUpTo = new Map<number, bigint>()

  const all = () => Array.from(jobs.values())

  /** Whether a claim has taken a job behind this one, so that a claim may begin behind it. */
  const wasPassed = ({ id, place = id, priority }: LaneJob.LaneJob) =>
    place <= (claimedUpTo.get(priority) ?? -1n)

  const change = (changes: Steps.Changes<ModelJob>): void => {
    Steps.apply(state, changes)
    for (const { job, lease, outcome } of changes.finished) {
      const { failures, id } = job
      const isCutShort = ["crashed", "cancelled", "discarded", "expired"].includes(outcome)
      ended.set(id, { id, outcome, attempt: failures + (isCutShort ? 0 : 1), lease })
      past.set(id, job)
    }
  }

  const put = (job: ModelJob): void => change({ jobs: [job], finished: [], leases: [] })

  /** The jobs that a claim must answer, in order, if no other step runs beside it. */
  const claimable = (
    { worker, ...bounds }: ClaimOptions,
    among: ReadonlyArray<LaneJob.LaneJob> = all()
  ): ReadonlyArray<LaneJob.LaneJob> => {
    const running = leasesOf(worker).flatMap((lease) => Steps.jobsOf(state, lease))
    return Lanes.claim(among, running, bounds).inOrder
  }

  /**
   * The same for a claim that has answered these jobs, and may have passed others by: jobs that
   * stand before a job that was claimed once, and their lanes. A later look finds them. `jobs` are
   * those that there were when the claim began.
   */
  const claimableAbove = (
    ids: ReadonlyArray<bigint>,
    options: ClaimOptions,
    jobs: ReadonlyArray<LaneJob.LaneJob> = all()
  ): ReadonlyArray<LaneJob.LaneJob> => {
    let among = jobs
    while (true) {
      const found = claimable(options, among)
      const passed = found.filter((job) => !ids.includes(job.id) && wasPassed(job))
      if (passed.length === 0 || ids.length === 0) return found
      among = among.filter((job) =>
        !passed.some(({ id, key }) => id === job.id || (key !== undefined && key === job.key))
      )
    }
  }

  /** The same for a claim that looks only at the lanes of these jobs. */
  const claimableInLanesOf = (
    ids: ReadonlyArray<bigint>,
    options: ClaimOptions
  ): ReadonlyArray<LaneJob.LaneJob> => {
    const keys = Steps.jobsOf(state, { ids }).map(({ key }) => key)
    const isAmong = ({ id, key }: LaneJob.LaneJob) =>
      key === undefined ? ids.includes(id) : keys.includes(key)
    return claimable(options, all().filter(isAmong))
  }

  /** A claim has found these jobs, leased still or not. Later claims may begin behind them. */
  const found = (answer: ReadonlyArray<{ readonly id: bigint }>): void => {
    for (
      const { place, priority, id } of Steps.jobsOf(state, { ids: answer.map(({ id }) => id) })
    ) {
      const last = claimedUpTo.get(priority) ?? -1n
      claimedUpTo.set(priority, (place ?? id) > last ? place ?? id : last)
    }
  }

  /** Records the answer to a worker's claim. */
  const claimed = (
    worker: string,
    answer: ReadonlyArray<{ readonly id: bigint; readonly lease: string }>,
    { isBehind = false, isBusy = true } = {}
  ): void => {
    // A worker that was rescued during its claim is gone. Its new leases have no worker.
    const by = workers.get(worker)
    if (by !== undefined) {
      const isEmpty = answer.length === 0 && !isBehind
      by.isAsleep = isEmpty || (by.isAsleep && !isBusy)
    }
    found(answer)
    for (const id of new Set(answer.map(({ lease }) => lease))) {
      const ids = answer.filter(({ lease }) => lease === id).map((job) => job.id)
      const taken = { healthy: Steps.jobsOf(state, { ids }), suspects: [], heads: 0 }
      change(Steps.lease(worker, taken, () => id))
    }
  }

  const giveBack = (lease: Steps.Lease, hasCrashed: boolean): void =>
    change(Steps.giveBack(state, [lease], hasCrashed))

  /**
   * Answers the jobs that were not in their leases. In a repetition, it answers only those that
   * still exist.
   */
  const settle = (settled: ReadonlyArray<Settled>, isRepeat = false): ReadonlyArray<bigint> => {
    const { changes, lost } = Steps.settle(state, settled, { isRepeat, now })
    change(changes)
    return lost.map(({ id }) => id)
  }

  /**
   * Gives back the leases of dead workers, except a lease that another step has locked. Answers the
   * number of their jobs.
   */
  const rescue = (isSkipped: { readonly lease?: string } = {}): number => {
    const abandoned = Array.from(leases.values()).filter(({ id, worker }) =>
      workers.get(worker)?.isExpired !== false && id !== isSkipped.lease
    )
    change(Steps.giveBack(state, abandoned, true))
    for (const [id, { isExpired }] of workers) {
      if (isExpired) workers.delete(id)
    }
    return abandoned.reduce((rescued, { ids }) => rescued + ids.length, 0)
  }

  const leave = (worker: string, hasCrashed: boolean): void => {
    workers.delete(worker)
    change(Steps.giveBack(state, leasesOf(worker), hasCrashed))
  }

  /** Answers what a cancel must answer. */
  const cancel = (id: bigint): Cancellation => {
    const step = CancelSteps.cancel(state, id)
    if (step !== undefined) {
      change(step.changes)
      return step.answer
    }
    const outcome = ended.get(id)?.outcome
    return outcome === undefined ? Cancellation.Unknown() : Cancellation.Finished({ outcome })
  }

  /** The unfinished job that has a unique key. */
  const holderOf = (uniqueKey: string | undefined): ModelJob | undefined =>
    uniqueKey === undefined ? undefined : all().find((job) => job.uniqueKey === uniqueKey)

  /** Answers what a retry must answer. */
  const retry = (id: bigint): RetryAnswer => {
    const step = ByHandSteps.retry(state, id, now)
    if (step !== undefined) {
      change(step.changes)
      return step.answer
    }
    const job = past.get(id)
    const outcome = ended.get(id)?.outcome
    if (job === undefined || outcome === undefined) return RetryAnswer.Unknown()
    if (outcome === "completed") return RetryAnswer.Completed()
    const holder = holderOf(job.uniqueKey)?.id
    if (holder !== undefined) return RetryAnswer.Conflict({ holder })
    ended.delete(id)
    put(LaneJob.redriven(job, now))
    return RetryAnswer.Redriven()
  }

  /** Answers what a discard must answer. */
  const discard = (id: bigint): DiscardAnswer => {
    const step = ByHandSteps.discard(state, id)
    if (step !== undefined) {
      change(step.changes)
      return step.answer
    }
    const outcome = ended.get(id)?.outcome
    return outcome === undefined ? DiscardAnswer.Unknown() : DiscardAnswer.Finished({ outcome })
  }

  /** Answers what an edit must answer. */
  const changePriority = (id: bigint, priority: number): EditAnswer => {
    const step = ByHandSteps.edit(state, id, {
      fits: () => true,
      change: (job) => ({ ...job, priority })
    })
    if (step !== undefined) {
      change(step.changes)
      return step.answer
    }
    const outcome = ended.get(id)?.outcome
    return outcome === undefined ? EditAnswer.Unknown() : EditAnswer.Finished({ outcome })
  }

  const leasesOf = (worker: string): ReadonlyArray<Steps.Lease> => Steps.leasesOf(state, worker)

  /** Makes delayed jobs due; blocked jobs only with `isUnblocking`. */
  const comeDue = (isUnblocking: boolean): void => {
    for (const job of all()) {
      if (job.dueAt < Infinity || isUnblocking) put({ ...job, dueAt: now })
    }
  }

  /** Ends the jobs that have expired and are not leased. Answers their number. */
  const expire = (): number => {
    const over = Steps.expire(state, now)
    change(over)
    return over.finished.length
  }

  /**
   * Makes due jobs ready, those that were tried before at these places, or ends them if they have
   * expired. Answers the number of jobs.
   */
  const promote = (places: ReadonlyMap<bigint, bigint>): number => {
    const due = Steps.promote(state, now, ({ id }) => places.get(id) ?? -1n)
    change(due)
    return due.jobs.length + due.finished.length
  }

  const snapshot = (): Snapshot => ({
    jobs: all().toSorted(byId).map(({ dueAt, expiresAt = Infinity, ...job }) => ({
      uniqueKey: undefined,
      n: undefined,
      ...job,
      expires: expiresAt === Infinity ? "never" : expiresAt <= now ? "over" : "later",
      isBlocked: dueAt === Infinity
    })),
    leases: Array.from(leases.values(), (lease) => ({
      ...lease,
      ids: lease.ids.toSorted(bigints),
      unwanted: Array.from(lease.unwanted ?? []).toSorted(bigints)
    }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    workers: Array.from(workers, ([id, { isAsleep }]) => ({ id, isAsleep }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ended: Array.from(ended.values()).toSorted(byId)
  })

  return {
    jobs,
    leases,
    workers,
    all,
    put,
    claimable,
    claimableAbove,
    wasPassed,
    found,
    claimableInLanesOf,
    claimed,
    giveBack,
    cancel,
    retry,
    discard,
    changePriority,
    /** The finished jobs that did not complete. */
    unwell: () =>
      Array.from(ended.values()).flatMap(({ id, outcome }) => outcome === "completed" ? [] : [id]),
    settle,
    rescue,
    leave,
    leasesOf,
    comeDue,
    expire,
    holderOf,
    promote,
    snapshot
  }
}

/** Whether a settlement ends its job for good. */
export const isEnd = (settlement: Settlement): boolean =>
  settlement._tag === "Completed" || settlement._tag === "Cancelled" ||
  (settlement._tag === "Failed" && !settlement.blocksLane)

const bigints = (a: bigint, b: bigint): number => Number(a - b)
const byId = (a: { readonly id: bigint }, b: { readonly id: bigint }): number => bigints(a.id, b.id)
