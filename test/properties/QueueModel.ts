/**
 * What a queue must come to, command by command, without a database: the specification of
 * `domain`, and what only a database shows of workers and of history.
 */
import { Duration } from "effect"
import type { LaneJob } from "../../src/domain/LaneJob.ts"
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
  readonly outcome: "completed" | "failed" | "crashed"
  readonly attempt: number
  readonly lease: string
}

/** What can be compared with the tables. */
export interface Snapshot {
  readonly jobs: ReadonlyArray<
    Omit<LaneJob, "dueAt"> & {
      /** Stands aside until somebody acts. */
      readonly isBlocked: boolean
    }
  >
  readonly leases: ReadonlyArray<Steps.Lease>
  readonly workers: ReadonlyArray<{ readonly id: string; readonly isAsleep: boolean }>
  readonly ended: ReadonlyArray<Ended>
}

type ClaimOptions = Lanes.ClaimBounds & { readonly worker: string }

export type QueueModel = ReturnType<typeof make>

/** The time of the model. It stands still: a delayed job is due when a command says so. */
export const now = 0
export const later = now + Duration.toMillis("1 hour")

export const make = () => {
  const jobs = new Map<bigint, LaneJob>()
  const leases = new Map<string, Steps.Lease>()
  const state = { jobs, leases }
  const workers = new Map<string, ModelWorker>()
  const ended = new Map<bigint, Ended>()

  const all = () => Array.from(jobs.values())

  const change = (changes: Steps.Changes<LaneJob>): void => {
    Steps.apply(state, changes)
    for (const { job: { failures, id }, lease, outcome } of changes.finished) {
      ended.set(id, { id, outcome, attempt: failures + (outcome === "crashed" ? 0 : 1), lease })
    }
  }

  const put = (job: LaneJob): void => change({ jobs: [job], finished: [], leases: [] })

  /** Which jobs a claim beside which nothing else happens must answer with, in order. */
  const claimable = (
    { worker, ...bounds }: ClaimOptions,
    among: ReadonlyArray<LaneJob> = all()
  ): ReadonlyArray<LaneJob> => {
    const running = leasesOf(worker).flatMap((lease) => Steps.jobsOf(state, lease))
    const { healthy, suspects } = Lanes.claim(among, running, bounds)
    return [...healthy, ...suspects].toSorted(Lanes.byUrgency)
  }

  /** The same for a claim that looks at the lanes of these jobs alone. */
  const claimableInLanesOf = (
    ids: ReadonlyArray<bigint>,
    options: ClaimOptions
  ): ReadonlyArray<LaneJob> => {
    const keys = Steps.jobsOf(state, { ids }).map(({ key }) => key)
    const isAmong = ({ id, key }: LaneJob) =>
      key === undefined ? ids.includes(id) : keys.includes(key)
    return claimable(options, all().filter(isAmong))
  }

  /** A worker was answered with these jobs, or with none. */
  const claimed = (
    worker: string,
    answer: ReadonlyArray<{ readonly id: bigint; readonly lease: string }>,
    isBehind = false
  ): void => {
    // One that was taken for dead while it claimed is gone, and its leases are nobody's.
    const by = workers.get(worker)
    if (by !== undefined) by.isAsleep = answer.length === 0 && !isBehind
    for (const id of new Set(answer.map(({ lease }) => lease))) {
      const ids = answer.filter(({ lease }) => lease === id).map((job) => job.id)
      const taken = { healthy: Steps.jobsOf(state, { ids }), suspects: [], heads: 0 }
      change(Steps.lease(worker, taken, () => id))
    }
  }

  const giveBack = (lease: Steps.Lease, hasCrashed: boolean): void =>
    change(Steps.giveBack(state, [lease], hasCrashed))

  /**
   * Answers with what had left its lease; where it may have been settled before, with what is still
   * there.
   */
  const settle = (settled: ReadonlyArray<Settled>, isRepeat = false): ReadonlyArray<bigint> => {
    const { changes, lost } = Steps.settle(state, settled, { isRepeat, now })
    change(changes)
    return lost.map(({ id }) => id)
  }

  /** The leases of workers that are dead, but for those that somebody is working on. */
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

  const leasesOf = (worker: string): ReadonlyArray<Steps.Lease> => Steps.leasesOf(state, worker)

  /** The time of all jobs comes, and of blocked ones too where somebody says so. */
  const comeDue = (isUnblocking: boolean): void => {
    for (const job of all()) {
      if (job.dueAt < Infinity || isUnblocking) put({ ...job, dueAt: now })
    }
  }

  /** Everything whose time has come. Answers with how many jobs. */
  const promote = (): number => {
    const due = Steps.promote(state, now)
    change(due)
    return due.jobs.length
  }

  const snapshot = (): Snapshot => ({
    jobs: all().toSorted(byId).map(({ dueAt, ...job }) => ({
      ...job,
      isBlocked: dueAt === Infinity
    })),
    leases: Array.from(leases.values(), (lease) => ({ ...lease, ids: lease.ids.toSorted(bigints) }))
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
    claimableInLanesOf,
    claimed,
    giveBack,
    settle,
    rescue,
    leave,
    leasesOf,
    comeDue,
    promote,
    snapshot
  }
}

/** Whether a settlement ends its job for good. */
export const isEnd = (settlement: Settlement): boolean =>
  settlement._tag === "Completed" || (settlement._tag === "Failed" && !settlement.blocksLane)

const bigints = (a: bigint, b: bigint): number => Number(a - b)
const byId = (a: { readonly id: bigint }, b: { readonly id: bigint }): number => bigints(a.id, b.id)
